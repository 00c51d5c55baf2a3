"""A service that fetches: `GET /notes?id=ID` gives the note under that id."""

from crossover.seam import Example, Fetch, Invalid, Parameter, Request, Service, Step


def start(request: Request) -> Step:
    return Fetch(request.one(b"id"), then=found)


def found(record: bytes | None) -> bytes:
    if record is None:
        raise Invalid("nothing-to-show", "no note has this id")
    return record


SERVICE = Service(
    name="notes",
    summary="Show a note",
    start=start,
    parameters=(Parameter("id", "the note's id", {"type": "string"}, "one"),),
    reasons=("parameter", "nothing-to-show"),
    examples=(Example("A note", "id=one"),),
    stored=True,
)
