"""Lists what people meet for: words that name no room, no time and no number.

Kept out: words with a meaning of their own (see words.py).
"""

# ruff: noqa: SIM905
# word lists read better as text

from __future__ import annotations

SUBJECTS = frozenset(
    "standup stand-up scrum sync syncup sync-up review reviews retro retrospective planning sprint demo demos call calls"
    " reunion catchup catch-up catch interview interviews workshop training trainings session sessions talk talks chat"
    " coffee brainstorm brainstorming kickoff kick-off kick onboarding offsite presentation presentations pitch"
    " debrief briefing discussion discussions discuss project projects budget roadmap strategy quarterly annual"
    " townhall all-hands allhands hands hands-on hackathon lunch dinner breakfast party celebration birthday yoga"
    " class course lecture seminar webinar conference check-in checkin check grooming refinement triage huddle"
    " report reports status update updates feedback performance hiring design engineering product marketing sales legal"
    " finance hr ops it security support release launch milestone architecture postmortem post-mortem mortem"
    " incident handover hand-over signing negotiation negotiations deposition mediation hearing arbitration"
    " one-on-one exec executive board leadership management steering committee study exam test tests testing"
    " tech technical screening panel round rehearsal recording podcast photo shoot filming appraisal"
    " evaluation audit compliance risk assessment tender bid proposal contract deal closing renewal account"
    " customer client vendor supplier partner investor meetings' pairing mobbing mob pair coding code bug bash"
    " deep dive focus writing numbers figures results forecast pipeline payroll recruiting recruitment offer"
    " mentoring coaching therapy prayer meditation welcome farewell goodbye induction orientation"
    " intro introduction introductory wrap wrapup wrap-up followup follow-up follow alignment touchpoint touch"
    " base jour fixe fixed appointment event gathering cabinet council staff department departmental general"
    " town hall fire drill safety q1 q2 q3 q4 h1 h2 fy okr okrs kpi kpis agm sow rfp rfi nda poc mvp ux ui qa"
    " crm erp api sre devops cicd infra data analytics research science lab demo' standdown rendezvous weekly' alumni"
    " community guild chapter tribe squad pod sync's office' hour' showcase showandtell tell hangout social"
    " drinks' drink cake mock final semi prep preparation prepare dry run-through through run walkthrough"
    " walk-through negotiation' strategy' confcall confcalls telco video' dialog dialogue jam collab"
    " collaboration connect regroup reconnect' escalation war"
    " stuff' crisis emergency weekly'' daily' scoping estimation poker backlog epic story stories user"
    " acceptance uat qbr ebr mbr monthly' bootcamp masterclass lesson tutorial keynote".split()
)


# More that people meet for: never a room, never a time.
MEETINGS = frozenset(
    "crit rally muster critique colloquium symposium viva defense defence conclave powwow huddles confab parley"
    " caucus plenary assembly congress convention summit forum roundtable tryout audition casting fitting tasting"
    " consult consultation counselling counseling checkup roster rota briefings enrollment enrolment registration"
    " inventory stocktake procurement sourcing logistics shipping fulfilment budgeting accounting bookkeeping"
    " invoicing tax taxes filing closeout benefits wellness health recital choir chess club bookclub reading knitting"
    " pilates stretching dance dancing music practice exercise quiz trivia game games gaming bingo raffle auction"
    " fundraiser charity volunteering outreach campaign promo promotion branding copy content editorial newsletter"
    " blog webinars website app frontend backend database migration upgrade rollout deployment deploy hotfix outage"
    " downtime maintenance oncall rca kaizen gemba lean agile ideation prototyping prototype wireframe mockup"
    " storyboard usability persona mapping visioning goals goalsetting objectives offboarding layoffs grievance"
    " disciplinary settlement trial testimony affidavit escrow lease listing valuation survey inspection permit zoning"
    " construction renovation handoff interlock readout playback teachin brownbag fireside hackday chinwag natter"
    " banter onboard townhalls recap retrospectives kickoffs standups syncs workshops gossip tryouts pitchday"
    " roundtables meetup meetups catchups checkins interviewing screens crunch playtest playtests lan scrims raid"
    " esports moot plea tutoring homework revision dissertation thesis examination exams invigilation admissions"
    " parents pta governors bedboard handovers mdt ward clinic surgery consults simulation sim drills toolbox"
    " commissioning punchlist walkdown shutdown startup changeover hazop permits dispatch loading dock warehouse"
    " picking physio physiotherapy zumba aerobics karate judo tabata spinning ceramics pottery knitwear biopsy autopsy"
    " colonoscopy ultrasound xray scan scans vaccination flu jab bloods dialysis obs handoffs depositions arraignment"
    " sentencing conveyancing probate matins vespers vigil mass sermon bible koran scripture rehearsals callback"
    " callbacks matinee choirs orchestra ensemble sectional quintet jamming karaoke potluck picnic barbecue bbq"
    " cookout apero aperitif stammtisch hackfest gamejam codefest mobprog refactor refactoring debugging retros"
    " groomings storytime playgroup creche detention parenting antenatal prenatal postnatal lamaze menopause"
    " bereavement counsellor fundraising telethon gala casework safeguarding supervision intake screenings triaging"
    " rounds dictation invoices reconciliation underwriting collections arrears forecasting treasury payrun expenses"
    " reimbursements".split()
)


SUBJECTS |= MEETINGS

NUMBERED_SUBJECTS = frozenset(
    "year grade patch build semester unit lesson part sprint phase iteration release version batch cohort module"
    " chapter episode ticket issue q h fy v p wave wp epic milestone round stage grade series pi jira okr covid web"
    " b2b mp form gen game workstream lot sled shop kiln oven vat plot paddock berth runway aisle rack reel variant charge"
    " count div zone sector quadrant mission league heat race leg lap match line gate terminal section exhibit tier"
    " track stream lane unit route bus"
    " flight train type class case docket article rule clause step act scene vol volume page slide figure"
    " appendix annex schedule lot plot pump rig mill reactor tank boiler turbine plant site area district"
    " formula scope test trial study protocol arm cycle".split()
)
