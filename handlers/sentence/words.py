"""What single English words mean to the grammar, and which of them mean nothing at all.

Kept out: anything that looks at more than one word, and anything that knows the rooms.
"""

# ruff: noqa: SIM905
# word lists read better as text

from __future__ import annotations

from handlers.sentence import roles

UNITS_AND_TEENS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen"
)
NUMBERS: dict[str, int] = {word: n for n, word in enumerate(UNITS_AND_TEENS.split(), start=1)}
TENS: dict[str, int] = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
NUMBERS |= TENS | {"zero": 0, "dozen": 12}

ORDINALS: dict[str, int] = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14,
    "fifteenth": 15, "sixteenth": 16, "seventeenth": 17, "eighteenth": 18, "nineteenth": 19,
    "twentieth": 20, "thirtieth": 30, "thirtyfirst": 31,
}  # fmt: skip

WEEKDAYS: dict[str, int] = {}
# People write the weekdays of their own language into English sentences; only whole names, which mean nothing else.
for _number, _names in enumerate(
    (
        "monday mon mo montag lundi lunes lunedi maandag",
        "tuesday tues tue tu dienstag mardi martes martedi dinsdag",
        "wednesday weds wed wedn mittwoch mercredi miercoles mercoledi woensdag",
        "thursday thurs thur thu th donnerstag jeudi jueves giovedi donderdag",
        "friday fri fr freitag vendredi viernes venerdi vrijdag",
        "saturday sat samstag sonnabend samedi sabado sabato zaterdag",
        "sunday sun sonntag dimanche domingo domenica zondag",
    )
):
    for _name in _names.split():
        WEEKDAYS[_name] = _number
WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAY_PLURALS: dict[str, int] = {name.lower() + "s": n for n, name in enumerate(WEEKDAY_NAMES)}
BYDAY = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

MONTHS: dict[str, int] = {}
for _number, _names in enumerate(
    (
        "january jan",
        "february feb febr",
        "march mar",
        "april apr",
        "may",
        "june jun",
        "july jul",
        "august aug",
        "september sept sep",
        "october oct",
        "november nov",
        "december dec",
    ),
    start=1,
):
    for _name in _names.split():
        MONTHS[_name] = _number

TOMORROW = frozenset(
    "tomorrow tmrw tmr tmrrw tomo tmw tomoz tmoz tmro tmrrw 2mrw 2mro morrow tommorow tommorrow 2moro 2morrow"
    " demain domani".split()
)
TODAY = frozenset({"today", "tdy", "2day", "heute", "oggi", "aujourd'hui"})

MINUTE = frozenset("m min mins minute minutes minuten mn mns".split())
HOUR = frozenset("h hr hrs hour hours hs".split())
DAY = frozenset("d day days".split())
WEEK = frozenset("wk wks week weeks".split())
MONTH = frozenset("month months mth mths".split())
UNIT = MINUTE | HOUR | DAY | WEEK | MONTH

PEOPLE = frozenset(
    "personen personnes personas leute gens people ppl person persons pax folks folk attendees attendee participants"
    " participant seats seat chairs chair heads head guests guest members member humans human peeps colleagues"
    " colleague coworkers coworker teammates teammate others employees attending joining us fellas headcount lads"
    " blokes gals peeps peopel attendants assistants personnel soldiers troops officers crewmembers pers pp ppls"
    " seater seaters persn visitors visitor candidates invitees places devs engineers developers managers interviewers"
    " men women students trainees interns delegates adults clients lawyers attorneys partners staff guys players"
    " designers analysts stakeholders".split()
)
PEOPLE |= roles.PLURAL | frozenset(
    "bodies person nos man bod bods vol vols covers souls bums lasses punters noses crew faculty".split()
)
OTHERS = frozenset("others other colleagues colleague coworkers coworker teammates teammate more".split())

PARTS: dict[str, str] = {
    "morning": "morning", "mornings": "morning", "forenoon": "morning", "mornin": "morning",
    "afternoon": "afternoon", "afternoons": "afternoon", "arvo": "afternoon", "aft": "afternoon",
    "evening": "evening", "evenings": "evening", "eve": "evening", "tonight": "tonight", "tonite": "tonight",
    "night": "night",
}  # fmt: skip
NAMED_CLOCKS: dict[str, str] = {
    "noon": "noon", "noonish": "noon", "midday": "noon", "noontime": "noon", "lunch": "lunch", "lunchtime": "lunch",
    "midnight": "midnight", "eod": "eod", "cob": "eod", "eob": "eod",
}  # fmt: skip

# A synonym is a tuple of words; longest first is the matcher's business.
AMENITY_WORDS: dict[str, str] = {
    "projector": "projector", "projectors": "projector", "beamer": "projector", "proj": "projector",
    "projection": "projector",
    "whiteboard": "whiteboard", "whiteboards": "whiteboard", "wb": "whiteboard", "white board": "whiteboard",
    "white boards": "whiteboard", "dry erase board": "whiteboard",
    "video": "video", "vc": "video", "vidcon": "video", "vid": "video", "vdo": "video", "webcam": "video",
    "video conf": "video", "visio": "video", "visioconference": "video", "visioconf": "video",
    "video conference": "video", "video conferencing": "video", "videoconference": "video",
    "videoconferencing": "video", "video call": "video", "video equipment": "video", "vidconf": "video",
    "video conferance": "video", "video link": "video", "video system": "video", "video setup": "video",
    "video con": "video", "video calling": "video", "video capability": "video", "video camera": "video",
    "phone": "phone", "speakerphone": "phone", "conference phone": "phone", "speaker phone": "phone",
    "telephone": "phone", "landline": "phone",
    "land line": "phone", "desk phone": "phone", "conf phone": "phone", "phones": "phone", "fone": "phone",
    "tv": "tv", "tvs": "tv", "television": "tv", "screen": "tv", "display": "tv", "monitor": "tv",
    "tv screen": "tv", "big screen": "tv", "tele": "tv", "telly": "tv", "tv set": "tv",
    "catering": "catering", "catered": "catering",
}  # fmt: skip
CANONICAL_AMENITIES = frozenset({"projector", "whiteboard", "video", "phone", "tv", "catering"})

# Things that people want in a room and that no catalogue may list: never ignored.
FACILITIES = frozenset(
    "flipchart flipcharts flip microphone microphones mic mics window windows aircon ac parking wheelchair"
    " accessible accessibility kitchen sofa sofas printer speakers podium lectern hdmi smartboard"
    " soundproof daylight balcony fridge stage camera cameras piano treadmill refreshments snacks coffee"
    " tea food drinks water breakfast sandwiches pizza adapter laptop laptops clicker airplay chromecast"
    " recording hybrid airconditioning av a/v audio sound lighting blinds curtains heating dialin dial"
    " conferencing teleconference videobar zoom".split()
)

ZONE_FAMILIES: dict[str, str] = {
    "est": "America/New_York", "edt": "America/New_York", "et": "America/New_York", "eastern": "America/New_York",
    "cst": "America/Chicago", "cdt": "America/Chicago", "ct": "America/Chicago", "central": "America/Chicago",
    "mst": "America/Denver", "mdt": "America/Denver", "mt": "America/Denver", "mountain": "America/Denver",
    "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles", "pt": "America/Los_Angeles",
    "pacific": "America/Los_Angeles",
    "gmt": "Etc/GMT", "utc": "Etc/UTC", "zulu": "Etc/UTC",
    "bst": "Europe/London", "cet": "Europe/Berlin", "cest": "Europe/Berlin", "mez": "Europe/Berlin",
    "eet": "Europe/Helsinki", "eest": "Europe/Helsinki", "ist": "Asia/Kolkata", "jst": "Asia/Tokyo",
    "sgt": "Asia/Singapore", "hkt": "Asia/Hong_Kong", "aest": "Australia/Sydney", "aedt": "Australia/Sydney",
    "msk": "Europe/Moscow",
}  # fmt: skip
CITY_ZONES: dict[str, str] = {
    "london": "Europe/London", "uk": "Europe/London", "dublin": "Europe/Dublin", "paris": "Europe/Paris",
    "berlin": "Europe/Berlin", "munich": "Europe/Berlin", "hamburg": "Europe/Berlin", "german": "Europe/Berlin",
    "madrid": "Europe/Madrid", "rome": "Europe/Rome", "milan": "Europe/Rome", "vienna": "Europe/Vienna",
    "zurich": "Europe/Zurich", "amsterdam": "Europe/Amsterdam", "brussels": "Europe/Brussels", "oslo": "Europe/Oslo",
    "stockholm": "Europe/Stockholm", "copenhagen": "Europe/Copenhagen", "helsinki": "Europe/Helsinki",
    "warsaw": "Europe/Warsaw", "prague": "Europe/Prague", "lisbon": "Europe/Lisbon", "athens": "Europe/Athens",
    "istanbul": "Europe/Istanbul", "moscow": "Europe/Moscow", "dubai": "Asia/Dubai", "mumbai": "Asia/Kolkata",
    "delhi": "Asia/Kolkata", "bangalore": "Asia/Kolkata", "india": "Asia/Kolkata", "indian": "Asia/Kolkata",
    "singapore": "Asia/Singapore", "tokyo": "Asia/Tokyo", "japan": "Asia/Tokyo", "seoul": "Asia/Seoul",
    "beijing": "Asia/Shanghai", "shanghai": "Asia/Shanghai", "sydney": "Australia/Sydney",
    "melbourne": "Australia/Melbourne", "auckland": "Pacific/Auckland", "toronto": "America/Toronto",
    "new york": "America/New_York", "nyc": "America/New_York", "boston": "America/New_York",
    "chicago": "America/Chicago", "denver": "America/Denver", "seattle": "America/Los_Angeles",
    "san francisco": "America/Los_Angeles", "los angeles": "America/Los_Angeles", "hong kong": "Asia/Hong_Kong",
}  # fmt: skip
CITY_FIRSTS = frozenset(name.split()[0] for name in CITY_ZONES)
# Zone words that are English words too: a zone only when "time" follows or when written in capitals.
ZONE_NEEDS_TIME = frozenset({"eastern", "central", "mountain", "pacific"})
ZONE_NEEDS_CAPITALS = frozenset({"et", "ct", "mt", "pt", "est", "ist", "cet", "mst", "bst"})

WELL_KNOWN_CITIES = frozenset(
    "berlin london paris madrid barcelona rome milan vienna zurich geneva munich hamburg frankfurt cologne"
    " amsterdam brussels dublin lisbon porto oslo stockholm copenhagen helsinki warsaw prague budapest"
    " athens istanbul moscow kyiv dubai mumbai delhi bangalore bengaluru hyderabad chennai pune singapore"
    " tokyo osaka kyoto seoul beijing shanghai shenzhen sydney melbourne auckland toronto montreal vancouver"
    " boston chicago seattle denver austin dallas houston miami atlanta philadelphia portland phoenix"
    " nyc manchester edinburgh".split()
)
PLACE_ALIASES: dict[str, str] = {
    "nyc": "new york", "sf": "san francisco", "la": "los angeles", "ldn": "london", "philly": "philadelphia",
}  # fmt: skip

HOLIDAYS = frozenset(
    "christmas xmas easter thanksgiving halloween hanukkah diwali ramadan eid juneteenth whitsun pentecost"
    " nye valentine valentines".split()
)

# Words that could carry a time, a number, a choice, a negation or an exception. Left over, they stop a booking.
CHOICE = frozenset("or either vs versus alternatively otherwise else".split())
NEGATION = frozenset(
    "not no without except excluding excl unless never neither nor but minus besides nope none nothing"
    " avoid avoiding can't cannot won't don't doesn't isn't aren't didn't shouldn't wouldn't haven't cant"
    " dont wont isnt arent wasnt didnt shouldnt wouldnt havent hasnt couldnt werent aint ain't wasn't weren't hasn't"
    " couldn't hadn't".split()
)
VAGUE_TIME = frozenset(
    "yesterday ago earlier later after before since during afterwards beforehand soon sooner same tbd tba tbc"
    " eventually someday sometime sometimes anytime whenever usual usually weekend weekends hourly"
    " every each everyday yearly annually quarter half next last previous past between"
    " until till til by early late mid midweek eow eom eoy hour hours minute minutes mins week weeks weekly"
    " month months monthly daily biweekly fortnight fortnightly year years day days night times twice thrice"
    " once another than more less earliest latest asap couple few several some many multiple both rooms"
    " double triple overnight workday quarter-hour time-slot floor level building bldg"
    " upstairs downstairs near nearby beside opposite dusk dawn sunrise sunset bedtime"
    " onward onwards repeat repeating repeats recurring recur sundown".split()
)
OTHER_COMMAND = frozenset(
    "cancel cancelling canceling cancell delete remove move reschedule postpone release rebook swap extend shorten prepone"
    " canceled cancelled declined unbook undo modify amend edit change bump relocate decline withdraw transfer".split()
)
CORRECTIONS = frozenset("sorry oops actually correction rather wait scratch whoops nope hmm sry soz".split())

POLITE = frozenset(
    "da a an the and also with w w/ in on at of to for from is are be been being i i'd i'll i'm i've im id ill we"
    " we'd we'll we're we've me my mine our ours us you your u ur he she they them their his her it it's its"
    " this that these those there there's here hi hello hey hallo hola bonjour dear greetings morning good"
    " please pls plz plss pleas kindly thanks thank thx ty tks cheers ta merci danke ok okay yes yeah yep sure"
    " great nice cool awesome lovely perfect appreciate appreciated much very really just only simply maybe"
    " perhaps possibly possible if when where who what which how why can could may might shall should"
    " will would must want wanted wants wanna need needs needed needing require requires required like"
    " love looking look book booking booked bookings reserve reserved reservation reserving get give grab"
    " have has had having hold holding held host hosting schedule scheduled scheduling set setup up arrange"
    " arranging organise organize organising organizing make find show put block sort help let lets let's"
    " request requesting requested do does did doing go going gonna come coming take taking use using see"
    " able available availability free open empty vacant any anything something somewhere someone all whole"
    " entire total least most max maximum min minimum approx approximately about around roughly circa ca"
    " nearly almost sharp exactly precisely ish starting starts start begin beginning begins ends end ending"
    " finish finishing finishes run running runs last lasting lasts go-ahead urgent urgently quick quickly"
    " short brief small smallest smaller large larger largest big bigger biggest huge tiny medium mid-size size sized"
    " quiet cosy cozy comfy comfortable bright spacious decent suitable proper enough fits fit fitting sits"
    " accommodate accommodates accommodating seating capacity occupancy equipped equipment featuring including"
    " includes include incl plus room rooms' space meeting meetings meet meetup mtg mtgs conference conf"
    " huddle place spot location office slot slots time timeslot date dated when's as so then too well via"
    " per re regarding concerning because since-we due since' subject title topic agenda purpose description"
    " where' location' attendees' organizer organiser invite invites invitation invited required' who'll"
    " headcount duration length was were am i.e e.g etc fyi btw asking wondering wonder hope hoping thinking"
    " prefer preferably preferred ideally ideal best wish tbh lol haha um uh uhm er erm ah oh well yo sir madam"
    " team' bot bookroom slack thing things stuff purposes purpose' kind regards sincerely best' friend"
    " friends person's one-off single new local time' o'clock currently right away straight immediately"
    " actually rather mins' ppl' wfh onsite on-site person' virtual remote private confidential confidentially"
    " privately top priority high important vip super bit little long early' own myself ourselves yourself"
    " themselves each' ready there'll there're we'll' they'll together again' again back cheers' gracias grazie"
    " arigato namaste mate folks' everyone everybody anyone anybody guys' y'all dude boss sirs gents ladies"
    " gentlemen team squad hands-on wanting would've could've be' shout rock works work working that'd"
    " thatd lovely' anywhere wherever whichever whatever everywhere bookable reservable party group crew gang".replace(
        "'", "'"
    ).split()
)

PEOPLE_KINDS = frozenset(
    "client clients customer customers marketing sales legal hr finance boss manager managers investors investor"
    " vendor vendors candidate candidates everyone everybody design engineering product board partners partner"
    " students interns colleagues ceo cto cfo coo vp ops it security support supplier suppliers recruiting"
    " recruiter auditors auditor leadership executives exec execs management staff consultants contractors"
    " external externals guests guest visitors people folks team teams devs developers engineers designers"
    " stakeholders press lawyers attorneys counsel someone colleague director directors head heads lead leads"
    " them him her us me you agency procurement accounting compliance union council committee family friends"
    " mentor mentee intern applicant applicants analyst analysts researchers users user tenants buyers buyer"
    " seller group others other guys coworkers my our the a an some all both new your their his its".split()
)


# Words of furniture and building: before "office" or "room" they name no city and no room.
ROOMY = frozenset(
    "room rooms meeting conference conf huddle board small large big quiet next first second third fourth fifth open"
    " free empty corner glass private shared team any another team green red blue white black yellow floor level"
    " building bldg tower wing office offices the war training interview phone video call focus project breakout"
    " break lunch waiting prayer wellness mothers mother nursing server mail bath rest changing class".split()
)

# Given names in lower case, as people type them behind "with".
GIVEN_NAMES = frozenset(
    "john jon jane anna ana tom tim jim joe mike michael david dave sarah sara laura lisa kate katie emma olivia maria"
    " mary peter paul mark marc matt matthew chris christian daniel dan alex alexander sam samuel ben benjamin max felix"
    " lucas luke noah leo leon jack james jake josh joshua ryan kevin brian steve stephen steven andrew andy george greg"
    " robert rob bob bill will william rick richard charlie charles eric erik frank fred henry harry hans klaus jens lars"
    " jan sven stefan thomas martin markus juergen jurgen wolfgang pierre jean marie claire sophie julie camille louis"
    " priya raj rahul amit anil sanjay vijay deepak ravi anita sunita neha pooja kenji hiroshi yuki takashi akira wei li"
    " chen ming fatima ahmed mohammed ali omar hassan layla carlos juan jose luis pedro miguel sofia lucia elena ines"
    " rachel rebecca becky jessica jess jennifer jen amy amanda nicole megan hannah julia natalie victoria vicky helen"
    " susan sue linda barbara karen nancy betty sandra donna carol ruth sharon michelle kim tina nina eva ida ines bea"
    " bella grace chloe zoe mia ella lily lucy alice ivan olga dmitri sergei natasha igor anton nick nicholas tony anthony"
    " patrick pat sean liam connor kyle tyler justin brandon jason adam aaron nathan zach ethan dylan oscar hugo".split()
)
FOREIGN_TIME = frozenset(
    "demain aujourd'hui hier lundi mardi mercredi jeudi vendredi samedi dimanche matin soir midi heute morgen gestern"
    " uebermorgen ubermorgen montag dienstag mittwoch donnerstag freitag samstag sonntag vormittag nachmittag abend"
    " mittag uhr manana hoy ayer lunes martes miercoles jueves viernes sabado domingo domani oggi lunedi martedi"
    " mercoledi giovedi venerdi amanha hoje segunda terca quarta quinta sexta ohne oder ou sans nicht kein keine pas"
    " bis von jusqu'a hasta desde stunde stunden heure heures horas hora".split()
)
