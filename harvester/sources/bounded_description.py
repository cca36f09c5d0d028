"""All that a document says of one resource, as bytes that are the same whenever the content is: blank nodes are named after
their content, statements are sorted. Knows no vocabulary, and bounds how far a description reaches."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, NamedTuple

from harvester.sources.rdf import Subjects

MAX_NESTING: Final = 64  # blank nodes inside blank nodes
MAX_HOPS: Final = 10
MAX_LENGTH: Final = 2_000_000  # characters
ROOT: Final = "_:this"
CUT: Final = "# cut\n"
NEXT: Final = " ;\n <"
END: Final = " .\n"

Nodes = dict[str, dict[str, list[str]]]
"""Subject -> predicate -> objects, in the notation of N-Triples, predicates without their angle brackets."""


class Block(NamedTuple):
    name: str  # the subject, or the name given to a blank one
    text: str  # its statements in Turtle
    targets: tuple[str, ...]  # the subjects that belong to its description


@dataclass(slots=True)
class Describer:
    """Writes descriptions out of one document. `follow`: predicates whose object, when it is an IRI, belongs to the description;
    blank nodes always do. `leave`: predicates that lead out of it, and are left out."""

    subjects: Subjects
    follow: Container[str]
    leave: Container[str]
    blocks: dict[str, Block] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)

    def describe(self, subject: str, referrers: Iterable[tuple[str, str]] = ()) -> bytes:
        """The description of `subject` in Turtle, its own statements first. `referrers`: (subject, predicate) of resources that
        point at it and belong to it. What is beyond the bounds is cut off, and `CUT` at the end says so."""
        root = self.block(subject)
        name = ROOT if subject.startswith("_:") else subject
        found: dict[str, str] = {}
        wanted = [*root.targets, *(referrer for referrer, _ in referrers)]
        whole = self.gather(wanted, found)
        found.pop(root.name, None)
        links = [f"{referrer} <{predicate}> {name}{END}" for referrer, predicate in referrers]
        text = name + root.text[len(root.name) :] + "".join([found[key] for key in sorted(found)] + sorted(links))
        return (text if whole else text + CUT).encode("utf-8", "replace")

    def gather(self, wanted: list[str], found: dict[str, str]) -> bool:
        """Collect the blocks reached from `wanted`, nearest first; false when the bounds stopped it."""
        length = 0
        seen = set(wanted)
        for _ in range(MAX_HOPS):
            blocks = sorted(self.block(subject) for subject in wanted)
            wanted = []
            for block in blocks:
                length += len(block.text)
                if length > MAX_LENGTH:
                    return False
                found[block.name] = block.text
                wanted += [target for target in block.targets if target not in seen]
                seen.update(block.targets)
            if not wanted:
                return True
        return False

    def block(self, subject: str) -> Block:
        """The statements of one subject, each once, sorted, blank objects under their names."""
        known = self.blocks.get(subject)
        if known is not None:
            return known
        self.open.add(subject)
        lines: list[str] = []
        targets: list[str] = []
        for statement in set(self.subjects.get(subject, ())):
            predicate, _, term = statement.partition("> ")
            if predicate in self.leave:
                continue
            if term[:2] == "_:":
                statement = f"{predicate}> {self.name(term, targets)}"
            elif term[:1] == "<" and predicate in self.follow and term in self.subjects:
                targets.append(term)
            lines.append(statement)
        self.open.discard(subject)
        block = finished(subject, lines, targets)
        self.blocks[subject] = block
        return block

    def name(self, blank: str, targets: list[str]) -> str:
        """The name of a blank object, which becomes a target unless nothing more is said of it."""
        if blank not in self.subjects:
            return "_:nothing"
        if blank in self.open:
            return "_:circle"
        if len(self.open) > MAX_NESTING:
            return "_:deep"
        targets.append(blank)
        return self.block(blank).name


def finished(subject: str, lines: list[str], targets: list[str]) -> Block:
    lines.sort()
    statements = NEXT.join(lines)
    if subject.startswith("_:"):
        subject = "_:b" + blake2b(statements.encode("utf-8", "replace"), digest_size=9).hexdigest()
    return Block(subject, f"{subject} <{statements}{END}" if lines else "", tuple(targets))


def read_description(raw: bytes) -> tuple[str, Nodes, bool]:
    """Root, statements and wholeness of a description that `describe` wrote. Other bytes give no statements, never an error."""
    text = raw.decode("utf-8", "replace")
    whole = not text.endswith(CUT)
    nodes: Nodes = {}
    root = ""
    for block in text.split(END):
        subject, _, statements = block.partition(" <")
        if not statements:
            continue
        root = root or subject
        node = nodes.setdefault(subject, {})
        for statement in statements.split(NEXT):
            predicate, _, term = statement.partition("> ")
            node.setdefault(predicate, []).append(term)
    return root, nodes, whole
