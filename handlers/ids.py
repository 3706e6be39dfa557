"""The names by which builders and parsers of messages and modals know each other."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """Action ids. Buttons of one kind that stand side by side carry `:n` behind it, since ids are unique in a block."""

    READ = "read"  # value: a sentence to read as if it had been typed after `/book room`
    READ_AGAIN = "read_again"  # value: Reread JSON: change the booking to what the sentence says instead
    CHOOSE_PLACE = "choose_place"  # value: ChosenPlace JSON: remember the person's location, then read the sentence
    TAKE = "take"  # value: Draft JSON: book exactly that room and time
    TAKE_ASIDE = "take_aside"  # value: Draft JSON: the same, answered below, so that the message's other buttons stay
    BOOK_ANOTHER = "book_another"  # value: Draft JSON: book although the same was booked a moment ago
    MOVE_TO = "move_to"  # value: Moving JSON: change the booking to that room and time
    PICK_TO_MOVE = "pick_to_move"  # value: Picked JSON: this booking was meant by `/book move`
    PICK_TO_CANCEL = "pick_to_cancel"  # value: Target JSON
    EDIT = "edit"  # value: Target JSON: open the edit modal
    OTHER_ROOM = "other_room"  # value: Target JSON: offer other rooms for this booking
    CANCEL = "cancel_booking"  # value: Target JSON
    UNDO = "undo"  # value: Target JSON
    OPEN_BOOKING = "open_booking"  # no value, or Draft JSON: open the booking modal
    OPEN_SEARCH = "open_search"  # no value, or Draft JSON: open the search modal
    RUN = "run"  # value: the text of a command to run as if typed
    PAGE_MINE = "page_mine"  # value: offset
    ROOM_DAY = "room_day"  # value: DayOfRoom JSON
    PAGE_ROOMS = "page_rooms"  # value: RoomsPage JSON
    KEEP = "keep"  # dismiss a question
    # about a meeting under way or near; value: Target JSON
    CHECK_IN = "check_in"
    RUN_LATE = "run_late"
    EXTEND = "extend"  # value: Moving JSON: same room, a later end
    END_EARLY = "end_early"
    GOING = "going"
    NOT_GOING = "not_going"
    TAKE_BACK = "take_back"
    INVITE = "invite"  # open the form in which people are invited
    SHARE = "share"  # tell the channel in which it was clicked
    # the waiting list
    WAIT = "wait"  # value: Draft JSON: tell me when it frees
    TAKE_OFFER = "take_offer"  # value: Waiter JSON
    DECLINE_OFFER = "decline_offer"  # value: Waiter JSON
    LEAVE_LINE = "leave_line"  # value: Waiter JSON
    # series
    BOOK_SERIES = "book_series"  # value: SeriesBooking JSON
    DATES_OF_WISH = "dates_of_wish"  # value: SeriesDates JSON: show every date that a series would have
    CHOOSE_DATES = "choose_dates"  # value: SeriesDraft JSON: open the form in which each date that clashes is chosen about
    OTHER_RHYTHM = "other_rhythm"  # value: SeriesDraft JSON: open the booking modal on it
    SERIES_INSTEAD = "series_instead"  # value: SeriesDraft JSON: show what would come of that series instead
    OPEN_SERIES = "open_series"  # value: SeriesAt JSON
    UNDO_SERIES = "undo_series"  # value: Operation JSON
    LEAVE = "leave"  # value: GivenUp JSON: cancel all of those bookings
    UNDO_LEAVING = "undo_leaving"  # value: GivenUp JSON
    CANCEL_WHICH = "cancel_which"  # value: Target JSON: ask how much of its series is to be cancelled
    CANCEL_SERIES = "cancel_series"  # value: PartOfSeries JSON
    CANCEL_WHOLE = "cancel_whole"  # value: SeriesTarget JSON: every date of it that is ahead
    AWAY = "away"  # value: SeriesTarget JSON: open the form in which dates from one day to another are cancelled
    RENEW = "renew"  # value: SeriesTarget JSON
    LET_END = "let_end"  # value: SeriesTarget JSON
    BOOK_GAP = "book_gap"  # value: GapOfSeries JSON
    CHOOSE_CHANGES = "choose_changes"  # value: SeriesChanging JSON: choose about each date that clashes with it
    CHANGE_SERIES = "change_series"  # value: SeriesChanging JSON
    ANSWER_SERIES = "answer_series"  # value: SeriesAnswer JSON: whether one comes to all its dates
    # what waits for approval; value: Requested JSON
    APPROVE = "approve"
    DECLINE_REQUEST = "decline_request"  # open the form that asks why
    SUGGEST = "suggest"  # open the form with other rooms and times
    TAKE_SUGGESTION = "take_suggestion"  # value: Suggested JSON
    # settings and subscriptions
    OPEN_SETTINGS = "open_settings"
    OPEN_TOKENS = "open_tokens"  # one's own, for the API
    MAKE_TOKEN = "make_token"  # noqa: S105 - no secret
    REVOKE_TOKEN = "revoke_token"  # noqa: S105 - value: a token's id
    OPEN_NOTIFY = "open_notify"
    EDIT_SUBSCRIPTION = "edit_subscription"
    DROP_SUBSCRIPTION = "drop_subscription"
    RETRY_NOTICES = "retry_notices"  # admins: send once more what could not be delivered
    MORE = "more"  # a menu at a booking; value of an entry: what is to be done, and Target JSON ("edit:{…}")
    # administration
    ADMIN_GO = "admin_go"  # value: Where JSON: show that page
    ADMIN_DO = "admin_do"  # value: Where JSON: do what its section says
    ADMIN_ZONE = "zone"  # a select of time zones
    # rooms that close; value: Answered JSON
    TAKE_PROPOSAL = "take_proposal"
    TAKE_PROPOSALS = "take_proposals"
    EACH_PROPOSAL = "each_proposal"  # value: AnsweredSeries JSON
    PICK_PROPOSAL = "pick_proposal"
    CANCEL_PROPOSAL = "cancel_proposal"
    MOVE_PROPOSAL = "move_proposal"  # value: MovedInstead JSON
    CALENDAR = "calendar"  # value: CalendarOf JSON: show the address of a calendar, below
    RENEW_CALENDAR = "renew_calendar"  # value: CalendarAt JSON
    OPEN_PAGE = "open_page"  # an address: Slack opens it, and tells that somebody has clicked
    # inside modals
    PLACE = "place"
    ROOM = "room"
    DATE = "date"
    TIME = "time"
    LENGTH = "length"
    PEOPLE = "people"
    AMENITIES = "amenities"
    TITLE = "title"
    INVITEES = "invitees"
    PRIVATE = "private"
    PAGE_RESULTS = "page_results"  # value: the page's number, from 0
    BOOK_RESULT = "book_result"  # value: Draft JSON; the view's metadata holds what else was wished for
    TAKE_INSTEAD = "take_instead"  # value: Draft JSON: this room and time for what the refused form holds
    BACK_TO_FORM = "back_to_form"  # show the refused form again
    FOLD = "fold"
    FLOOR = "floor"
    SCOPE = "scope"
    KINDS = "kinds"
    DIGEST = "digest"
    WEEKLY = "weekly"
    REMINDERS = "reminders"
    TELL = "tell"
    QUIET_FROM = "quiet_from"
    QUIET_UNTIL = "quiet_until"
    REASON = "reason"
    OFFER = "offer"
    UNFOLD = "unfold"  # show what a form keeps folded: further rooms, equipment
    MORE_ROOMS = "more_rooms"
    THINGS = "things"
    REPEAT = "repeat"
    WEEKDAYS = "weekdays"
    ENDS = "ends"
    TIMES = "times"
    UNTIL = "until"
    WHICH = "which"
    CHOICE = "choice"
    FROM = "from"
    TO = "to"

    def nth(self, number: int) -> str:
        """Return the id for the n-th such element in a message."""
        return f"{self.value}:{number}"


class Field(StrEnum):
    """Block ids of the forms' inputs. Where the core names a field at fault, `BY_CORE_FIELD` says which of these it is."""

    PLACE = "place"
    ROOM = "room"
    DATE = "date"
    TIME = "time"
    LENGTH = "length"
    PEOPLE = "people"
    AMENITIES = "amenities"
    TITLE = "title"
    INVITEES = "invitees"
    PRIVATE = "private"
    FOLD = "fold"  # which of two equal times, on the night when the clocks go back
    FLOOR = "floor"
    MORE_ROOMS = "more_rooms"  # rooms that are booked together with the one above
    THINGS = "things"  # equipment that comes along, with how many of each
    # what a channel hears of
    SCOPE = "scope"
    KINDS = "kinds"
    DIGEST = "digest"
    WEEKLY = "weekly"
    # one's own settings; the place is above
    REMINDERS = "reminders"
    TELL = "tell"
    QUIET_FROM = "quiet_from"
    QUIET_UNTIL = "quiet_until"
    # a token of the API
    TOKEN_NAME = "token_name"  # noqa: S105 - no secret
    TOKEN_SCOPE = "token_scope"  # noqa: S105 - no secret
    TOKEN_LASTING = "token_lasting"  # noqa: S105 - no secret
    # series: how often, until when, how many of its dates a change is about
    REPEAT = "repeat"
    WEEKDAYS = "weekdays"
    ENDS = "ends"
    TIMES = "times"
    UNTIL = "until"
    WHICH = "which"
    CHOICE = "choice"  # what becomes of a date: its id has the date behind it
    FROM = "from"
    TO = "to"
    # why a request is declined or what is suggested instead
    REASON = "reason"
    OFFER = "offer"


BY_CORE_FIELD = {
    "start": Field.TIME,
    "end": Field.LENGTH,
    "room": Field.ROOM,
    "location": Field.PLACE,
    "attendees_count": Field.PEOPLE,
    "attendees": Field.INVITEES,
    "amenities": Field.AMENITIES,
    "more_rooms": Field.MORE_ROOMS,
    "equipment": Field.THINGS,
    "title": Field.TITLE,
    "kinds": Field.KINDS,
    "digest_at": Field.DIGEST,
    "reminder_minutes": Field.REMINDERS,
    "quiet_from": Field.QUIET_FROM,
    "quiet_until": Field.QUIET_UNTIL,
    "rule": Field.REPEAT,
    "date": Field.DATE,
    "to": Field.TO,
    "times": Field.TIMES,
    "until": Field.UNTIL,
}


class Callback(StrEnum):
    """Callback ids of the modals."""

    BOOK = "book"
    EDIT = "edit"
    SEARCH = "search"
    MESSAGE = "message"
    REFUSED = "refused"
    HOME = "home"
    INVITE = "invite"
    SETTINGS = "settings"
    TOKENS = "tokens"  # one's own tokens of the API, listed
    TOKEN = "token"  # noqa: S105 - one of them, to be made
    NOTIFY = "notify"  # a channel's subscriptions, listed
    SUBSCRIBE = "subscribe"  # one of them, to be made or changed
    ADMIN = "admin"  # a page of administration
    ADMIN_FORM = "admin_form"  # a form of it
    CHOOSE_DATES = "choose_dates"
    CHOOSE_CHANGES = "choose_changes"
    SERIES = "series"  # one series with its dates
    AWAY = "away"
    DECLINE = "decline"
    SUGGEST = "suggest"


# What is answered below the message in which it stands, so that its other buttons stay.
ASIDE = frozenset({Action.TAKE_ASIDE, Action.CALENDAR})
# What changes bookings when it is used inside a view; the App Home is published anew after it.
CHANGING_FORMS = frozenset(
    {
        Callback.BOOK,
        Callback.EDIT,
        Callback.INVITE,
        Callback.SETTINGS,
        Callback.CHOOSE_DATES,
        Callback.CHOOSE_CHANGES,
        Callback.AWAY,
    }
)
CHANGING_ACTIONS = frozenset(
    {
        Action.TAKE,
        Action.TAKE_ASIDE,
        Action.BOOK_ANOTHER,
        Action.MOVE_TO,
        Action.READ_AGAIN,
        Action.CANCEL,
        Action.UNDO,
        Action.BOOK_RESULT,
        Action.TAKE_INSTEAD,
        Action.CHECK_IN,
        Action.RUN_LATE,
        Action.EXTEND,
        Action.END_EARLY,
        Action.GOING,
        Action.NOT_GOING,
        Action.TAKE_BACK,
        Action.WAIT,
        Action.TAKE_OFFER,
        Action.DECLINE_OFFER,
        Action.LEAVE_LINE,
        Action.RETRY_NOTICES,
        Action.APPROVE,
        Action.TAKE_SUGGESTION,
        Action.BOOK_SERIES,
        Action.UNDO_SERIES,
        Action.CANCEL_SERIES,
        Action.CANCEL_WHOLE,
        Action.RENEW,
        Action.BOOK_GAP,
        Action.CHANGE_SERIES,
        Action.ANSWER_SERIES,
    }
)
