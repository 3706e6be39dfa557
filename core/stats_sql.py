"""The statements behind the figures: each reads living and archived bookings together, once, and adds up in the database.

`$2` is JSON: one row for each room that a booked room counts for (see `stats.Counted`). Local time is reckoned with the
offsets of each zone between its changes, so that a booking is cut where the clock changes, and at midnight. Kept out:
percentages, words, open time (`stats`, `stats_hours`).
"""

from __future__ import annotations

# What was booked and not given up before it began. What is booked ahead is nobody's figure yet.
_HELD = "('confirmed', 'checked_in', 'ended', 'released')"

_COUNTED = """
counted AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($2::jsonb) AS c (
        n int, booked uuid, room uuid, in_total boolean, hours int, starts timestamptz, ends timestamptz,
        changes timestamptz[], offsets int[], opens int[], closes int[], shut_from bigint[], shut_till bigint[],
        longest double precision, notice double precision)
)
"""

# `till` is until when the room was kept: whoever ends early or does not come gives the rest back.
_TILL = "CASE WHEN b.status IN ('ended', 'released') THEN least(b.end_time, {given_back}) ELSE b.end_time END"
_COLUMNS = "b.booked_by, b.start_time, b.end_time, b.attendees_count, b.status, b.created_at, b.updated_at, b.checked_in_at"
_LIVING = f"SELECT b.room_id, true AS first, {_COLUMNS}, {_TILL.format(given_back='b.updated_at')} AS till FROM bookings b"
_ARCHIVED = (
    f"SELECT b.room_id, true AS first, {_COLUMNS}, {_TILL.format(given_back='b.ended_at')} AS till FROM bookings_archive b"
)
# Further rooms of a booking are held like the first, but it is one booking.
_LIVING_MORE = (
    f"SELECT m.room_id, false AS first, {_COLUMNS}, {_TILL.format(given_back='b.updated_at')} AS till"
    " FROM booking_rooms m JOIN bookings b ON b.tenant_id = m.tenant_id AND b.id = m.booking_id"
)
_ARCHIVED_MORE = (
    f"SELECT m.room_id, false AS first, {_COLUMNS}, {_TILL.format(given_back='b.ended_at')} AS till"
    " FROM bookings_archive b CROSS JOIN unnest(b.more_rooms) AS m (room_id)"
)


def _all(where: str) -> str:
    """Return every room that was booked, of living and archived bookings within $3 to $4."""
    span = f"b.tenant_id = $1 AND b.start_time < $4 AND b.end_time > $3 AND {where}"
    return (
        f"{_LIVING} WHERE {span} UNION ALL {_ARCHIVED} WHERE {span}"
        f" UNION ALL {_LIVING_MORE} WHERE {span} UNION ALL {_ARCHIVED_MORE} WHERE {span} AND b.more_rooms <> '{{}}'"
    )


# All that is alike is counted first, by one number: in a year, a room has many meetings from ten to eleven on a Tuesday.
# What is not within one day, or meets a change of the clock, is cut; an end belongs to what was before it. What lies in a
# time in which the room was shut is taken off again, from what is inside. Times are whole seconds, of the
# local clock, since 1970, which began on a Thursday.
PIECES = f"""
WITH {_COUNTED},
held AS MATERIALIZED (
    SELECT c.n, s, e, bucket = width_bucket(e - interval '1 microsecond', c.changes) AS steady,
        (date_part('epoch', s) + c.offsets[bucket + 1])::bigint AS f,
        (date_part('epoch', e) - date_part('epoch', s))::int AS length
    FROM ({_all(f"b.status IN {_HELD}")}) b JOIN counted c ON c.booked = b.room_id
    CROSS JOIN LATERAL (SELECT greatest(b.start_time, c.starts) AS s, least(b.till, c.ends) AS e) AS span
    CROSS JOIN LATERAL (SELECT width_bucket(s, c.changes) AS bucket) AS clock
    WHERE s < e AND b.till > b.start_time
),
alike AS (
    SELECT (n * 604800::bigint + f % 604800) * 100000 + length AS code, count(*) AS times
    FROM held WHERE steady AND f / 86400 = (f + length - 1) / 86400 GROUP BY code
),
shut AS MATERIALIZED (
    SELECT c.n, to_timestamp(x.s) AS s, to_timestamp(x.e) AS e
    FROM counted c CROSS JOIN unnest(c.shut_from, c.shut_till) AS x (s, e)
),
shut_days AS (
    SELECT n, s, e, day FROM shut CROSS JOIN LATERAL generate_series(
        floor(date_part('epoch', s) / 86400)::int - 2, floor(date_part('epoch', e) / 86400)::int + 2) AS day
),
uneven AS (
    SELECT n, s, e, 1 AS booked, 1 AS inside FROM held WHERE NOT steady OR f / 86400 <> (f + length - 1) / 86400
    UNION ALL
    SELECT n, greatest(h.s, x.s), least(h.e, x.e), 0, -1 FROM held h JOIN shut_days x USING (n)
    WHERE x.day = (h.f / 86400)::int AND h.length <= 86400 AND h.s < x.e AND h.e > x.s
    UNION ALL
    SELECT n, greatest(h.s, x.s), least(h.e, x.e), 0, -1 FROM held h JOIN shut x USING (n)
    WHERE h.length > 86400 AND h.s < x.e AND h.e > x.s
),
cut AS (
    SELECT w.n, w.booked, w.inside,
        (date_part('epoch', greatest(w.s, c.changes[bucket])) + c.offsets[bucket + 1])::bigint AS f,
        (date_part('epoch', least(w.e, c.changes[bucket + 1])) + c.offsets[bucket + 1])::bigint AS t
    FROM uneven w JOIN counted c USING (n) CROSS JOIN LATERAL generate_series(
        width_bucket(w.s, c.changes), width_bucket(w.e - interval '1 microsecond', c.changes)) AS bucket
),
daily AS (
    SELECT (code / 60480000000)::int AS n, (code / 100000 % 604800 / 86400)::int AS day,
        (code / 100000 % 86400)::int AS f, (code / 100000 % 86400 + code % 100000)::int AS t, times AS booked,
        times AS inside
    FROM alike
    UNION ALL
    SELECT n, (day % 7)::int, (greatest(f, day * 86400) - day * 86400)::int,
        (least(t, (day + 1) * 86400) - day * 86400)::int, booked, inside
    FROM cut CROSS JOIN LATERAL generate_series(f / 86400, (t - 1) / 86400) AS day
),
pieces AS (
    SELECT d.n, c.in_total, c.hours, weekday, d.f / 60.0::float8 AS f, d.t / 60.0::float8 AS t, d.booked, d.inside AS counts,
        c.opens[weekday + 1] AS opens, c.closes[weekday + 1] AS closes
    FROM daily d JOIN counted c USING (n) CROSS JOIN LATERAL (SELECT (d.day + 3) % 7 AS weekday) AS week
),
together AS (
    SELECT hours, weekday, f, t, opens, closes, sum(booked)::float8 AS booked, sum(counts)::float8 AS counts
    FROM pieces WHERE in_total GROUP BY hours, weekday, f, t, opens, closes
)
SELECT n, NULL AS hours, weekday, NULL AS hour, sum(booked * (t - f)) AS minutes,
    sum(counts * greatest(0, least(t, closes) - greatest(f, opens))) AS inside
FROM pieces GROUP BY n, weekday
UNION ALL
SELECT NULL, hours, weekday, hour,
    sum(booked * (least(t, (hour + 1) * 60) - greatest(f, hour * 60))),
    sum(counts * greatest(0, least(t, (hour + 1) * 60, closes) - greatest(f, hour * 60, opens)))
FROM together CROSS JOIN LATERAL generate_series(floor(f / 60)::int, ceil(t / 60)::int - 1) AS hour
GROUP BY hours, weekday, hour
"""

# By what a row of `BOOKINGS` is added up.
OF_ROOM, OF_PERSON = 0, 1

# What was booked to begin within the time: how many, for how many, how long before, by whom; and who came.
BOOKINGS = f"""
WITH {_COUNTED},
begun AS (
    SELECT c.n, b.start_time AS begins, b.attendees_count AS people, b.booked_by AS person, b.first,
        b.status = 'cancelled' AS cancelled,
        width_bucket(date_part('epoch', b.start_time - b.created_at), $5::double precision[]) AS lead,
        date_part('epoch', b.end_time - b.start_time) / 60 AS planned,
        date_part('epoch', b.till - b.start_time) / 60 AS kept,
        b.status = 'cancelled' AND b.updated_at > b.start_time - interval '1 day' AS late,
        b.status <> 'cancelled' AND c.longest IS NOT NULL AND b.end_time - b.start_time <= c.longest * interval '1 minute'
            AND b.created_at <= b.start_time - c.notice * interval '1 minute' AS asked,
        b.checked_in_at IS NOT NULL AS came, b.status = 'released' AS released
    FROM ({_all(f"(b.status IN {_HELD} OR b.status = 'cancelled')")}) b
    JOIN counted c ON c.booked = b.room_id AND c.room = b.room_id
    WHERE b.start_time >= c.starts AND b.start_time < c.ends
)
SELECT grouping(n) AS of_what, n, people, lead, first, person,
    count(*) FILTER (WHERE NOT cancelled) AS bookings,
    count(*) FILTER (WHERE cancelled) AS cancelled,
    count(*) FILTER (WHERE late) AS cancelled_late,
    count(*) FILTER (WHERE asked) AS asked,
    count(*) FILTER (WHERE asked AND came) AS came,
    count(*) FILTER (WHERE asked AND released) AS released,
    sum(planned) FILTER (WHERE NOT cancelled) AS planned,
    sum(planned) FILTER (WHERE asked) AS asked_minutes,
    sum(kept) FILTER (WHERE asked AND came) AS used_minutes,
    min(begins) FILTER (WHERE NOT cancelled) AS first_at
FROM begun GROUP BY GROUPING SETS ((n, people, lead, first), (person, first))
HAVING grouping(n) = 0 OR first
"""

# What was given back while it lasted, and how much of that somebody else booked afterwards. Whoever has it again begins
# within it, so that room and day say where to look: as one number, which the database looks up at once.
FREED = f"""
WITH {_COUNTED},
held AS MATERIALIZED (
    SELECT c.n, b.status, b.start_time, b.till, b.end_time, c.starts, c.ends,
        c.n * 1000000::bigint + (date_part('epoch', b.start_time) / 86400)::bigint AS at
    FROM ({_all(f"b.status IN {_HELD}")}) b JOIN counted c ON c.booked = b.room_id AND c.room = b.room_id
    WHERE b.till > b.start_time
),
freed AS MATERIALIZED (
    SELECT row_number() OVER () AS number, n, status, greatest(till, starts) AS s, least(end_time, ends) AS e
    FROM held WHERE till < end_time AND till < ends AND end_time > starts
),
days AS (
    SELECT number, s, e, n * 1000000::bigint + day AS at FROM freed CROSS JOIN LATERAL generate_series(
        (date_part('epoch', s) / 86400)::bigint, (date_part('epoch', e) / 86400)::bigint) AS day
),
again AS (
    SELECT d.number, sum(date_part('epoch', least(h.till, d.e) - h.start_time) / 60) AS minutes
    FROM held h JOIN days d USING (at) WHERE h.start_time >= d.s AND h.start_time < d.e GROUP BY d.number
)
SELECT f.status = 'released' AS released, count(*) AS times, sum(date_part('epoch', f.e - f.s) / 60) AS minutes,
    coalesce(sum(a.minutes), 0) AS again
FROM freed f LEFT JOIN again a USING (number) GROUP BY f.status
"""

SEARCHES = """
SELECT lacking, detail, location_id, count(*) AS times FROM searches
WHERE tenant_id = $1 AND made_at >= $2 AND made_at < $3
    AND ($4::uuid IS NULL OR location_id = $4) AND ($5::uuid IS NULL OR room_id = $5)
GROUP BY lacking, detail, location_id
"""

TEAMS = """
SELECT g.id, g.name, array_agg(m.person_id) AS members FROM groups g
JOIN group_members m ON m.tenant_id = g.tenant_id AND m.group_id = g.id
WHERE g.tenant_id = $1 AND g.removed_at IS NULL GROUP BY g.id, g.name HAVING count(*) >= $2
"""
