"""Lists what people are called when they are counted: "three attorneys", "a paralegal", "a trio".

Kept out: adding them up (see party.py).
"""

# ruff: noqa: SIM905
# word lists read better as text

from __future__ import annotations

SINGULAR = frozenset(
    "rep representative attorney lawyer paralegal associate partner clerk juror witness judge client customer prospect"
    " buyer seller vendor supplier contractor consultant advisor adviser auditor accountant analyst engineer developer"
    " dev programmer coder tester designer architect researcher scientist manager mgr director vp exec executive ceo cto"
    " cfo coo president chairman founder cofounder investor shareholder stakeholder trustee officer leader supervisor"
    " boss teammate colleague coworker employee staffer worker hire newbie starter joiner recruit intern trainee"
    " apprentice graduate grad student pupil learner teacher trainer coach mentor mentee instructor presenter"
    " panelist panellist moderator host guest visitor invitee attendee participant delegate candidate interviewer"
    " interviewee applicant recruiter nurse doctor physician patient friend buddy mate pal bloke guy gal lady man woman"
    " kid adult body soul human individual volunteer donor member tenant resident neighbour neighbor agent broker banker"
    " trader salesperson marketer writer editor journalist reporter photographer producer actor musician player"
    " technician operator assistant secretary receptionist planner organizer organiser coordinator expert specialist"
    " strategist owner approver reviewer observer facilitator scribe relative spouse wife husband admin sre person chap"
    " accompanist notetaker interpreter translator stenographer examiner arbitrator mediator counsel lead chef"
    " fellow parent sponsor partner-in-law vip bigwig newcomer returner steward deputy reader chair chief head dad mum mom sister brother daughter son".split()
)
_IRREGULAR = frozenset(
    "deputies people persons men women children ladies bodies secretaries salespeople chairmen gentlemen staff counsel directs"
    " noses heads folks folk pax nos ppl ladies spokespeople businesspeople craftspeople".split()
)
PLURAL = frozenset(f"{word}s" for word in SINGULAR if word not in ("staff", "counsel", "lead", "body", "man", "woman")) | _IRREGULAR
# Plurals that count people only behind "my three" or "direct": reports are papers too, and leads are not people yet.
BELONGING = frozenset({"reports", "directs", "report", "leads"})

# Endings of people in the plural, and things that end so too.
ENDINGS = ("ers", "ors", "ists", "ians", "eers", "ees", "ants")
THINGS = frozenset(
    "chargers monitors projectors papers orders numbers quarters chapters letters posters folders computers printers speakers"
    " headers offers containers drawers layers servers towers markers registers adapters corners powers covers answers errors"
    " sensors floors factors colors colours sectors vectors mirrors motors matters dinners summers winters others powers"
    " parameters newsletters stickers banners flyers binders planters routers clusters trackers centers centres"
    " meters kilometers liters papers committees trees fees degrees coffees payments restaurants plants grants variants"
    " minutes filters timers blockers tickers screens doors tenders starters boosters toners scanners lists checklists"
    " playlists waitlists wishlists".split()
)
GROUPS: dict[str, int] = {
    "trio": 3, "duo": 2, "threesome": 3, "foursome": 4, "quartet": 4, "quintet": 5, "sextet": 6, "twosome": 2,
    "fivesome": 5, "sixsome": 6, "pair": 2,
}  # fmt: skip
TEAMS = frozenset("team teams group groups squad squads party parties table tables pair pairs crew crews pod pods".split())
# What may stand between the number and the people.
SIDES = frozenset(
    "other more external internal local remote onsite senior junior additional extra in-person key new human of the my our"
    " total sales marketing legal different further outside visiting overseas foreign young old fellow board team"
    " committee tech technical product finance hr it ops design engineering support qa key-account key legal"
    " executive regional national potential prospective important direct warm confirmed expected invited adult"
    " wonderful lovely hungry very busy good nice big brave happy tired wise french german japanese american british"
    " indian chinese italian spanish dutch us uk eu staff faculty panel project account customer client vendor partner"
    " physical actual live required optional registered paying seated c-level level".split()
)
