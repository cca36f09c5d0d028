"""All that a document says of one resource, as bytes that are the same whenever the content is: blank nodes are named
after their content, statements are sorted. Knows no vocabulary, and bounds how far a description reaches."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec
import orjson

from harvester.errors import RecordError
from harvester.sources.rdf import Node, Nodes

MAX_NESTING: Final = 64  # blank nodes inside blank nodes
MAX_HOPS: Final = 10
MAX_LENGTH: Final = 4_000_000  # bytes
ROOT: Final = "_:this"
CUT: Final = "_:cut"
DECODER: Final = msgspec.json.Decoder(Nodes)


class Block(NamedTuple):
    """What is said of one subject. `name`: the subject itself, or the name of a blank one. `targets`: the subjects that
    belong to its description."""

    name: str
    node: Node
    text: bytes
    targets: tuple[str, ...]


@dataclass(slots=True)
class Describer:
    """Writes descriptions out of one document. `follow`: predicates whose object, when it is an IRI, belongs to the
    description; blank nodes always do. `leave`: predicates that lead out of it, and are left out."""

    nodes: Nodes
    follow: Container[str]
    leave: Container[str]
    blocks: dict[str, Block] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)

    def describe(self, subject: str, referrers: Iterable[tuple[str, str]] = ()) -> bytes:
        """The description of `subject`: JSON, subject -> predicate -> objects, the subject itself first. `referrers`:
        (subject, predicate) of resources that point at it and belong to it. What is beyond the bounds is cut off, and a
        subject `CUT` says so."""
        root = self.block(subject)
        name = ROOT if subject.startswith("_:") else subject
        found: dict[str, bytes] = {}
        whole = self.gather([*root.targets, *(referrer for referrer, _ in referrers)], found)
        for referrer, predicate in referrers:
            block = self.block(referrer)
            found[block.name] = written(block.name, block.node | {predicate: name})
        found.pop(root.name, None)
        own = root.text if name == root.name else written(name, root.node)
        parts = [own, *(found[other] for other in sorted(found))]
        return b"{" + b",".join(parts if whole else [*parts, written(CUT, {})]) + b"}"

    def gather(self, wanted: list[str], found: dict[str, bytes]) -> bool:
        """Collect the blocks reached from `wanted`, nearest first; false when the bounds stopped it."""
        length = 0
        seen = set(wanted)
        for _ in range(MAX_HOPS):
            if not wanted:
                return True
            blocks = [self.block(subject) for subject in sorted(wanted)]
            wanted = []
            for block in blocks:
                length += len(block.text)
                if length > MAX_LENGTH:
                    return False
                found[block.name] = block.text
                wanted += [target for target in block.targets if target not in seen]
                seen.update(block.targets)
        return not wanted

    def block(self, subject: str) -> Block:
        """The statements of one subject, each once, sorted, blank objects under their names."""
        known = self.blocks.get(subject)
        if known is not None:
            return known
        self.open.add(subject)
        node: Node = {}
        targets: list[str] = []
        for predicate, terms in self.nodes.get(subject, {}).items():
            if predicate in self.leave:
                continue
            if isinstance(terms, str):
                node[predicate] = terms if terms[:1] == '"' else self.led(predicate, terms, targets)
            else:
                several = sorted({self.led(predicate, term, targets) for term in terms})
                node[predicate] = several if len(several) > 1 else several[0]
        self.open.discard(subject)
        block = finished(subject, node, targets)
        self.blocks[subject] = block
        return block

    def led(self, predicate: str, term: str, targets: list[str]) -> str:
        """A term, a blank node under its name; if it belongs to the description it becomes a target."""
        if term[:2] == "_:":
            return self.name(term, targets)
        if predicate in self.follow and term in self.nodes:
            targets.append(term)
        return term

    def name(self, blank: str, targets: list[str]) -> str:
        """The name of a blank object, which becomes a target unless nothing more is said of it."""
        if blank not in self.nodes:
            return "_:nothing"
        if blank in self.open:
            return "_:circle"
        if len(self.open) > MAX_NESTING:
            return CUT
        targets.append(blank)
        return self.block(blank).name


def finished(subject: str, node: Node, targets: list[str]) -> Block:
    text = written(subject, node)
    if subject.startswith("_:"):
        subject = "_:b" + blake2b(text[len(subject) + 3 :], digest_size=9).hexdigest()
        text = written(subject, node)
    return Block(subject, node, text, tuple(targets))


def written(name: str, node: Node) -> bytes:
    """A member of a JSON object."""
    return orjson.dumps({name: node}, option=orjson.OPT_SORT_KEYS)[1:-1]


def read_description(raw: bytes) -> tuple[str, Nodes, bool]:
    """Root, nodes and wholeness of a description that `describe` wrote. Raises RecordError for other bytes."""
    try:
        nodes = DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordError("The description can't be read", value=repr(raw[:200])) from error
    root = next(iter(nodes), "")
    cut = nodes.pop(CUT, None) is not None
    return root, nodes, not (cut or f'"{CUT}"'.encode() in raw)
