"""Lists what people are called when they are counted: "three attorneys", "a paralegal", "a trio".

Kept out: adding them up (see party.py).
"""

# ruff: noqa: SIM905
# word lists read better as text

from __future__ import annotations

SINGULAR = frozenset(
    "dude bro rep representative attorney lawyer paralegal associate partner clerk juror witness judge client customer"
    " prospect buyer seller vendor supplier contractor consultant advisor adviser auditor accountant analyst engineer"
    " developer dev programmer coder tester designer architect researcher scientist manager mgr director vp exec"
    " executive ceo cto cfo coo president chairman founder cofounder investor shareholder stakeholder trustee officer"
    " leader supervisor boss teammate colleague coworker employee staffer worker hire newbie starter joiner recruit"
    " intern trainee apprentice graduate grad student pupil learner teacher trainer coach mentor mentee instructor"
    " presenter panelist panellist moderator host guest visitor invitee attendee participant delegate candidate"
    " interviewer interviewee applicant recruiter nurse doctor physician patient friend buddy mate pal bloke guy gal"
    " lady man woman kid adult body soul human individual volunteer donor member tenant resident neighbour neighbor"
    " agent broker banker trader salesperson marketer writer editor journalist reporter photographer producer actor"
    " musician player technician operator assistant secretary receptionist planner organizer organiser coordinator"
    " expert specialist strategist owner approver reviewer observer facilitator scribe relative spouse wife husband"
    " admin sre person chap accompanist notetaker interpreter translator stenographer examiner arbitrator mediator"
    " counsel lead chef fellow parent sponsor partner-in-law vip bigwig newcomer returner driver courier tech temp op"
    " registrar tutor scholar curator archivist bursar professor prof lecturer surgeon midwife medic paramedic nun"
    " priest monk bishop imam rabbi vicar pastor chaplain artist poet dancer athlete captain cadet scout umpire"
    " creative copywriter underwriter caseworker freelancer agronomist actuary notary signatory beneficiary secretary"
    " solicitor barrister magistrate constable ranger warden porter postgrad undergrad physio exec phd postdoc toddler"
    " teenager teen pensioner senior elder veteran alum refugee survivor carer caregiver keyworker dietitian chemist"
    " rep dean junior senior postdoc provost principal teller cashier barista butler caterer treasurer counsellor"
    " counselor newjoiner freshman sophomore alumnus alumna nanny babysitter tenant lodger bidder applicant subcontractor"
    " wholesaler distributor retailer franchisee licensee lessee lessor trustee mortgagee assessor valuer surveyor"
    " inspector foreman supervisor superintendent electrician plumber welder fitter mechanic machinist steward skipper"
    " captain crewman bod chap punter lad lass bloke sponsor patron emcee dj commentator stakeholder shopper marine"
    " sailor trooper sergeant lieutenant colonel commander ambassador envoy consul councillor councilman alderman mayor"
    " mp senator undersecretary clerk bailiff jurist paralegal notary postman grandma grandpa aunt uncle cousin nephew"
    " niece fiance fiancee girlfriend boyfriend sibling twin minion underling advisee mentee supervisee peer classmate"
    " roommate flatmate housemate leaver returnee retiree vet user landlord landlady deputy reader chair chief head dad"
    " mum mom sister brother daughter son".split()
)
_IRREGULAR = frozenset(
    "deputies people persons men women children ladies bodies secretaries salespeople chairmen gentlemen staff"
    " witnesses coaches bosses actresses hostesses waitresses stewardesses idiots fools clowns geniuses attendings bigwigs"
    " walk-ins docs execs recruits hires suits coworkers"
    " alternates reserves midwives signatories beneficiaries notaries actuaries dignitaries missionaries luminaries"
    " alumni wives policemen"
    " policewomen firemen salesmen salespersons freshmen clergy postgraduates undergraduates emeriti"
    " counsel directs noses heads folks folk pax nos ppl ladies spokespeople businesspeople craftspeople".split()
)
PLURAL = (
    frozenset(f"{word}s" for word in SINGULAR if word not in ("staff", "counsel", "lead", "body", "man", "woman"))
    | _IRREGULAR
)
# Plurals that count people only behind "my three" or "direct": reports are papers too, and leads are not people yet.
BELONGING = frozenset({"reports", "directs", "report", "leads", "juniors", "seniors", "minions"})

# Endings of people in the plural, and things that end so too.
ENDINGS = ("ers", "ors", "ists", "ians", "eers", "ees", "ants", "ents", "grads", "iatrists", "icians")
ONE_ENDINGS = tuple(ending[:-1] for ending in ENDINGS)
THINGS = frozenset(
    "topics slides decks docs documents files boxes bags laptops tables desks items points questions issues tickets"
    " stories tasks projects deals accounts contracts invoices reports quotes bids offers options ideas designs mockups"
    " screens pages sections steps phases rounds sprints releases builds bugs features tests cases sites stores shops"
    " offices rooms floors buildings locations cities countries regions states markets products models samples versions"
    " copies prints pictures photos videos films movies songs books articles emails mails messages calls meetings sessions"
    " slots talks demos presentations workshops interviews lectures classes courses lessons events parties lunches coffees"
    " drinks snacks pizzas sandwiches cakes bottles cups plates pens pencils cables outlets plugs sockets adapters devices"
    " phones tablets ipads keyboards mice headsets cameras lights windows doors walls boards whiteboards flipcharts easels"
    " microphones mics speakers tvs displays dollars euros pounds bucks percent miles kilos degrees times days nights"
    " weeks months years decades hours minutes seconds halves thirds parts pieces sets pairs rows columns lines cells"
    " fields keys values things reasons goals objectives targets metrics kpis okrs priorities risks threats blockers"
    " actions decisions agendas notes plans budgets forecasts scenarios cars vans trucks buses trains flights trips visits"
    " stops legs teams squads companies firms brands agencies departments divisions units branches spaces places spots"
    " chargers monitors projectors papers orders numbers quarters chapters letters posters folders computers printers"
    " headers containers drawers layers servers towers markers registers corners powers covers answers errors sensors"
    " factors colors colours sectors vectors mirrors motors matters dinners summers winters others parameters newsletters"
    " stickers banners flyers binders planters routers clusters trackers centers centres meters kilometers liters"
    " committees trees fees payments restaurants plants grants variants filters timers tickers tenders starters boosters"
    " toners scanners lists checklists playlists waitlists wishlists burgers beers heaters scooters sweaters fingers"
    " feathers"
    " flowers ladders pointers dividers adapters adaptors converters connectors detectors processors elevators generators"
    " majors minors favors flavors humors tumors indicators calculators simulators refrigerators radiators ventilators"
    " accelerators pants elephants constants pollutants implants transplants degrees coffees guarantees bees knees matinees"
    " wrists hamsters chapters charters tenors events documents components patents tents cents accidents contents talents"
    " ingredients gradients exponents currents vents presents incidents dents ents accents extents intents torrents"
    " ointments segments fragments elements statements moments comments arguments agreements appointments apartments"
    " departments assignments assessments attachments amendments experiments instruments investments requirements"
    " deployments announcements shipments payments equipments garments supplements treatments movements improvements"
    " commitments engagements placements settlements adjustments achievements environments tournaments monuments"
    " helmets trailers teasers thrillers fillers spacers buffers wrappers parsers compilers linters counters gutters"
    " shutters platters cutters hangers lasers rulers erasers staplers toppers bumpers canisters blisters"
    " clovers corridors interiors exteriors doors terrors colanders calendars seminars webinars bars"
    " pillars dollars".split()
)
ACRONYMS = frozenset(
    "gpus cpus pcs prs pos rfps sows slas apis kpis okrs cvs pdfs ids urls faqs ssds usbs vms tvs asks".split()
)
GROUPS: dict[str, int] = {
    "trio": 3, "duo": 2, "threesome": 3, "foursome": 4, "quartet": 4, "quintet": 5, "sextet": 6, "twosome": 2,
    "fivesome": 5, "sixsome": 6, "pair": 2, "twins": 2, "triplets": 3, "newlyweds": 2,
}  # fmt: skip
# Trades by which a few people are called in a list: "2 devs, 1 PM and 3 QA".
TRADES = frozenset(
    "pm qa em swe ba po sm tpm sre ux ui dba hr it ea vp sme rn md pa ta ra gc ae sdr csm se ds de tl pi phd eng dev"
    " design legal finance marketing sales product data admin ops fe be devops infra security procurement accounts audit"
    " compliance tax treasury hse ehs qc qe pmo csr bd bdr cs tam sa ic ceo cfo cto coo cmo md mgmt management exec"
    " editorial"
    " faculty staff gm dm am rm tm jr sr intern contractor research clinical nursing frontend backend mobile biz"
    " ours theirs internal external internals externals inhouse onsite remote locals insiders outsiders".split()
)

TEAMS = frozenset(
    "class classes cohort batch panel family families team teams group groups squad squads party parties table tables"
    " pair pairs crew crews pod pods".split()
)
# What may stand between the number and the people.
SIDES = frozenset(
    "other more external internal local remote onsite senior junior additional extra in-person key new human of the my our"
    " total sales marketing legal different further outside visiting overseas foreign young old fellow board team"
    " committee tech technical product finance hr it ops design engineering support qa key-account key legal"
    " executive regional national potential prospective important direct warm confirmed expected invited adult"
    " wonderful lovely hungry very busy good nice big brave happy tired wise french german japanese american british"
    " indian chinese italian spanish dutch us uk eu staff faculty panel project account customer client vendor partner"
    " company practice ward shift branch store site area school parish ground crew trade youth charity opposing union"
    " bank hospital university art phd creative lab medical clinical research teaching field scrum software data"
    " security web civil copy media event film music end physical actual live required optional registered paying"
    " seated c-level level".split()
)


def personal(low: str) -> bool:
    """Whether a word in the singular calls somebody by what they do: "registrar", "optometrist"; by list or by ending."""
    if low in SINGULAR:
        return True
    plural = f"{low}s"
    return len(low) > 4 and low.endswith(ONE_ENDINGS) and low not in THINGS and plural not in THINGS
