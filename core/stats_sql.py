"""The statements behind the figures: each reads living and archived bookings together, once, and adds up in the database.

`$2` is JSON: one row for each room that a booked room counts for (see `stats.Counted`). Local time is reckoned with the
offsets of each zone between its changes, so that a booking is cut where the clock changes, and at midnight. Kept out:
percentages, words, open time (`stats`, `stats_hours`).
"""

from __future__ import annotations

# What was booked and not given up before it began. What is booked ahead is nobody's figure yet.
_HELD = "('confirmed', 'checked_in', 'ended', 'released')"

# Moments are seconds since 1970, which the database compares and looks up several times as quickly as its own kind.
_COUNTED = """
counted AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($2::jsonb) AS c (
        n int, booked uuid, room uuid, in_total boolean, hours int, starts float8, ends float8, changes float8[],
        offsets int[], opens int[], closes int[], shut_from float8[], shut_till float8[], longest interval, notice interval)
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

# Whether any archived booking had several rooms: where none had, nobody looks for them three more times.
SEVERAL = """
SELECT EXISTS (SELECT FROM bookings_archive b
    WHERE b.tenant_id = $1 AND b.start_time < $3 AND b.end_time > $2 AND b.more_rooms <> '{}')
"""


def _all(where: str, *, several: bool) -> str:
    """Return every room that was booked, of living and archived bookings within $3 to $4.

    The conditions stand in each arm: then the database asks once a table, and not once a row, whose rows may be seen.
    """
    span = f"b.tenant_id = $1 AND b.start_time < $4 AND b.end_time > $3 AND {where}"
    arms = [f"{_LIVING} WHERE {span}", f"{_ARCHIVED} WHERE {span}", f"{_LIVING_MORE} WHERE {span}"]
    if several:
        arms.append(f"{_ARCHIVED_MORE} WHERE {span} AND b.more_rooms <> '{{}}'")
    return " UNION ALL ".join(arms)


def pieces(*, several: bool) -> str:
    """Return the statement that adds up what was booked by weekday and hour, of rooms and of all.

    All that is alike is counted first, by one number: in a year, a room has many meetings from ten to eleven on a Tuesday.
    What is not within one day, or meets a change of the clock or a time in which the room was shut, is `odd`: it is cut
    piece by piece, and what of it lies in a shut time is taken off again, from what is inside. An end belongs to what was
    before it. Local times are whole seconds since 1970, which began on a Thursday.
    """
    return f"""
WITH {_COUNTED},
alike AS MATERIALIZED (
    -- Each OFFSET keeps what is reckoned beneath it from being reckoned anew wherever it is used.
    SELECT CASE WHEN odd THEN -1 - n ELSE (n * 604800::bigint + f % 604800) * 100000 + length END AS code,
        CASE WHEN odd THEN s END AS s, CASE WHEN odd THEN e END AS e, count(*) AS times
    FROM (
        SELECT n, s, e, f, length, bucket <> last_bucket OR met OR f / 86400 <> (f + length - 1) / 86400 AS odd
        FROM (
            SELECT n, s, e, bucket, (s + offsets[bucket + 1])::bigint AS f, (e - s)::int AS length,
                width_bucket(e - 0.000001, changes) AS last_bucket,
                width_bucket(e - 0.000001, shut_from) > width_bucket(s, shut_till) AS met
            FROM (
                SELECT c.n, s, e, c.changes, c.offsets, c.shut_from, c.shut_till, width_bucket(s, c.changes) AS bucket
                FROM (
                    SELECT c.*, greatest(date_part('epoch', b.start_time), c.starts) AS s,
                        least(date_part('epoch', b.till), c.ends) AS e
                    FROM ({_all(f"b.status IN {_HELD}", several=several)}) b JOIN counted c ON c.booked = b.room_id
                    WHERE b.till > b.start_time OFFSET 0
                ) c WHERE s < e OFFSET 0
            ) clock OFFSET 0
        ) span OFFSET 0
    ) held GROUP BY 1, 2, 3
),
odd AS MATERIALIZED (SELECT (-1 - code)::int AS n, s, e, times FROM alike WHERE code < 0),
uneven AS (
    SELECT n, s, e, times AS booked, times AS inside FROM odd
    UNION ALL
    SELECT n, greatest(o.s, x.s), least(o.e, x.e), 0, -times
    FROM odd o JOIN counted c USING (n) CROSS JOIN unnest(c.shut_from, c.shut_till) AS x (s, e)
    WHERE o.s < x.e AND o.e > x.s
),
cut AS (
    SELECT w.n, w.booked, w.inside,
        (greatest(w.s, c.changes[bucket]) + c.offsets[bucket + 1])::bigint AS f,
        (least(w.e, c.changes[bucket + 1]) + c.offsets[bucket + 1])::bigint AS t
    FROM uneven w JOIN counted c USING (n) CROSS JOIN LATERAL generate_series(
        width_bucket(w.s, c.changes), width_bucket(w.e - 0.000001, c.changes)) AS bucket
),
daily AS (
    SELECT (code / 60480000000)::int AS n, (code / 100000 % 604800 / 86400)::int AS day,
        (code / 100000 % 86400)::int AS f, (code / 100000 % 86400 + code % 100000)::int AS t, times AS booked,
        times AS inside
    FROM alike WHERE code >= 0
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


# By what a row of `bookings` is added up.
OF_ROOM, OF_PERSON = 0, 1


def bookings(*, several: bool) -> str:
    """Return the statement that counts what began within the time: how many, for how many, how long before; and who came.

    What is alike is counted first. `kind` is 0 cancelled, 1 so on the last day; 2 held, 3 and more asked for a check-in,
    and of these 1 more to which somebody came, 2 more released.
    """
    return f"""
WITH {_COUNTED},
begun AS (
    SELECT c.n, b.start_time AS begins, b.attendees_count AS people, b.booked_by AS person, b.first,
        width_bucket(date_part('epoch', b.start_time - b.created_at), $5::double precision[]) AS lead,
        date_part('epoch', b.end_time - b.start_time) / 60 AS planned,
        date_part('epoch', b.till - b.start_time) / 60 AS kept,
        CASE WHEN b.status = 'cancelled' THEN (b.updated_at > b.start_time - interval '1 day')::int
            WHEN b.end_time - b.start_time <= c.longest AND b.start_time - b.created_at >= c.notice
                THEN 3 + (b.checked_in_at IS NOT NULL)::int + 2 * (b.status = 'released')::int
            ELSE 2 END AS kind
    FROM ({_all(f"(b.status IN {_HELD} OR b.status = 'cancelled')", several=several)}) b
    JOIN counted c ON c.booked = b.room_id
    WHERE date_part('epoch', b.start_time) >= c.starts AND date_part('epoch', b.start_time) < c.ends
),
alike AS (
    SELECT grouping(n) AS of_what, n, people, lead, first, person, kind, count(*) AS times, sum(planned) AS planned,
        sum(kept) AS kept, min(begins) AS begins
    FROM begun GROUP BY GROUPING SETS ((n, people, lead, first, kind), (person, first, kind))
    HAVING grouping(n) = 0 OR first
)
SELECT of_what, n, people, lead, first, person,
    coalesce(sum(times) FILTER (WHERE kind > 1), 0)::bigint AS bookings,
    coalesce(sum(times) FILTER (WHERE kind < 2), 0)::bigint AS cancelled,
    coalesce(sum(times) FILTER (WHERE kind = 1), 0)::bigint AS cancelled_late,
    coalesce(sum(times) FILTER (WHERE kind > 2), 0)::bigint AS asked,
    coalesce(sum(times) FILTER (WHERE kind IN (4, 6)), 0)::bigint AS came,
    coalesce(sum(times) FILTER (WHERE kind > 4), 0)::bigint AS released,
    sum(planned) FILTER (WHERE kind > 1) AS planned,
    sum(planned) FILTER (WHERE kind > 2) AS asked_minutes,
    sum(kept) FILTER (WHERE kind IN (4, 6)) AS used_minutes,
    min(begins) FILTER (WHERE kind > 1) AS first_at
FROM alike GROUP BY of_what, n, people, lead, first, person
"""


def freed(*, several: bool) -> str:
    """Return the statement that adds up what was given back while it lasted, and what of it somebody else had afterwards.

    Whoever has it again begins within it, so that room and hour say where to look: as one number, which the database looks
    up at once. As an array, the few that were given back look few to the planner, which then looks up in them.
    """
    return f"""
WITH {_COUNTED},
held AS MATERIALIZED (
    SELECT c.n, b.status = 'released' AS released, s, date_part('epoch', b.till) AS t, date_part('epoch', b.end_time) AS e,
        c.n * 10000000::bigint + floor(s / 3600)::bigint AS at
    FROM ({_all(f"b.status IN {_HELD}", several=several)}) b JOIN counted c ON c.booked = b.room_id
    CROSS JOIN LATERAL (SELECT date_part('epoch', b.start_time) AS s) AS span
    WHERE b.till > b.start_time
),
freed AS MATERIALIZED (
    SELECT row_number() OVER () AS number, n, released, greatest(t, starts) AS s, least(e, ends) AS e
    FROM held JOIN counted USING (n) WHERE t < e AND t < ends AND e > starts
),
slots AS (
    SELECT number, s, e, n * 10000000::bigint + hour AS at
    FROM unnest(
        (SELECT array_agg(number) FROM freed), (SELECT array_agg(n) FROM freed), (SELECT array_agg(s) FROM freed),
        (SELECT array_agg(e) FROM freed)) AS f (number, n, s, e)
    CROSS JOIN LATERAL generate_series(floor(s / 3600)::bigint, floor(e / 3600)::bigint) AS hour
),
again AS (
    SELECT d.number, sum(least(h.t, d.e) - h.s) / 60 AS minutes
    FROM held h JOIN slots d USING (at) WHERE h.s >= d.s AND h.s < d.e GROUP BY d.number
)
SELECT f.released, count(*) AS times, sum(f.e - f.s) / 60 AS minutes, coalesce(sum(a.minutes), 0) AS again
FROM freed f LEFT JOIN again a USING (number) GROUP BY f.released
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
