"""Lists set phrases whose words would mean something on their own, and mean nothing to a booking: "no rush", "last minute".

Kept out: phrases with a gap in them (see phrasebook.py).
"""

from __future__ import annotations

IDIOMS = """
    in front of, standing outside,
    wouldn't go amiss, would not go amiss, wouldn't hurt, couldn't hurt, wouldn't be bad, wouldn't mind, would not hurt,
    would not be amiss, wouldn't go astray, if you have one, if there is one, if there's one, itself,
    to whom it may concern, whom it may concern, it may be, as the case may be, come what may,
    year closing, year close, month close, quarter close, month closing, quarter closing, last day, first day, first
    week, double click, double check, double checking, net net, long weekend, day off, days off, week off, with
    gratitude, with thanks, with best regards, with kind regards, with warm regards, with many thanks, with love,
    with pleasure, with apologies, with respect, with regret, with luck, with ease, with that in mind, at your
    earliest convenience, at your convenience, earliest convenience, teams rooms, zoom rooms, question mark,
    exclamation mark, exclamation point, full stop, i'd rather have, i would rather have, we'd rather have, rather
    have, if it isn't too much trouble, if it's not too much trouble, if it is not too much trouble, if it isn't a
    bother, isn't it, if it's not a bother, isn't too much trouble, not too much trouble, if that's not too much
    trouble, don't worry about it, no pressure, no stress, no biggie, no fuss, no drama, no clue, no idea, no doubt,
    no offense, no offence, no excuses, not kidding, not joking, not again, don't ask, do not ask, don't judge,
    parents evening, parent evening, open evening, quiz night, game night, games night, movie night, date night,
    first quarter, second quarter, third quarter, fourth quarter, last quarter, quick one, fast one, short one, big
    one, small one, long one, good one, nice one, another one, which one, this one, that one, any one, the one, only
    one, one pager, one on ones, two way, three way, two factor, last year, last year's, this year, this year's,
    this month's, this week's, next year's, tops, at the least, give us a shout, two cents, one way, not do that,
    not doing that, not my best, not a fan, not ideal, go no go, go or no go, yes or no, sooner or later, more or
    less, one way or another, either way, for better or worse, now or never, hit or miss, give or take, this or
    that, as soon as possible, at least, at most, at the most, at max, at maximum, at minimum, at a minimum, no
    rush, no worries, no problem, no hurry, no preference, not urgent, nothing fancy, nothing special, why not, no
    matter, not too big, not too small, not too large, not important, if not too much trouble, no more than, not
    more than, one last thing, good morning, good afternoon, good evening, good day, may i, may we, may you, may
    need, may be, may have, one more thing, once again, one room, a few words, at the latest, a bit, no less than,
    not less than, no fewer than, have a great day, have a nice day, have a good day, one room please, in
    advance, in person, first available, next available, per my last email, last minute, short notice, by chance, by
    any chance, by the way, so many thanks, many thanks, nice day, last but not least, if possible, early bird, day
    trip, all hands, after all, or similar, or something, or whatever, or bigger, or larger, or more, or something
    like that, or so, or thereabouts, once more, with each other, each other, not sure if, some room, some space,
    one on, sorry for, sorry about, sorry to, end user, no thanks, same day, night shift, day job, last call, first
    time, at once, next steps, next gen, week in review, year in review, year end, month end, quarter end, half
    year, mid year, day to day, any time now, weekly report, monthly report, daily report, monthly numbers, weekly
    numbers, monthly figures, not fussy, office hours, happy hour, working hours, business hours, end to end, face
    to face, one more, day one, back to back, next level, quarter review, week planning, month review, half yearly,
    shouldn't take long, won't take long, will not take long, should not take long, won't be long, shouldn't be long,
    will not be long, doesn't take long, not take long, shouldn't be too long, won't be too long, won't take too long,
    run thru, run through, walk thru, walk through, talk thru, talk through, read thru, read through, follow thru,
    look through, go through, work through, at the moment, at this moment, one off, first half, second half, pre
    lunch, post lunch,
    one time, after action, not sure how, not sure whether, not sure who, not sure what, nobody else, no
    one else, anyone else, someone else, everyone else, everybody else, anything else, what else, something else, do
    not forget, don't forget, dont forget, do not worry, don't worry, dont worry, no need to, needless to say, skip
    level, high level, not to worry, no longer, not a problem, no big deal, if it is not, not a big deal, can't
    wait, cannot wait, not too bad, no joke, no kidding, why don't we, why don't you, why dont we, not only, nothing
    else, nothing too fancy, half asleep, more details, more info, more later, more to follow, more information, the
    more the merrier, some people, some of us, some of them, some time ago, some folks, some clients, many people,
    earlier today, earlier this week, a while ago, years ago, long time, all the time, every day life, time zone, at
    times, big day, long day, long week, busy day, busy week, crazy week, rough week, tough week, hectic week, next
    time, last time, time flies, on time, in time, time permitting, other half, better half, mid level, entry level,
    top level, senior level, exec level, board level, the other day, not picky, don't mind, don't care, any day now
"""
PHRASES = tuple(tuple(text.split()) for text in IDIOMS.split(","))
