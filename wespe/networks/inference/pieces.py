"""Layers cut in front of each norm that takes a photo's own statistics."""

import itertools
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, fx, nn

from wespe.networks.inference.backends import Layers
from wespe.networks.inference.in_place import in_place
from wespe.networks.inference.tile_states import State
from wespe.networks.layers import gathers, listed

_NORM = "norm"
_CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


@dataclass(frozen=True)
class Piece:
    """What a tile goes through from one norm, included, to the next one, or to the end.

    It takes a state, and gives the next: what later layers need, and last what the next norm reads,
    or the result.
    """

    norm: nn.Module | None
    """What it begins with; None at the beginning of the layers."""
    _graph: fx.Graph
    _modules: dict[str, Any]
    _chains: dict[str, nn.Module]

    def ready(
        self, compiled: Callable[[nn.Module], Layers], fixed: nn.Module | None
    ) -> Callable[..., State]:
        """A function of the tensors of a state, with `fixed` in place of the norm."""
        runs = {name: _Run(compiled(chain)) for name, chain in self._chains.items()}
        first = {_NORM: fixed} if fixed else {}
        return fx.GraphModule({**self._modules, **runs, **first}, self._graph)


class _Run(nn.Module):
    """A function as a module."""

    def __init__(self, run: Layers) -> None:
        super().__init__()
        self.run = run

    def forward(self, image: Tensor) -> Tensor:
        return self.run(image)


def pieces(layers: nn.Module) -> list[Piece]:
    """`layers` as pieces, one more than there are norms of the photo's own statistics.

    Raises ValueError for layers that torch.fx cannot list.
    """
    traced = listed(layers)
    nodes = [node for node in traced.graph.nodes if node.op != "get_attr"]
    end = nodes.pop()
    cuts = [n for n, node in enumerate(nodes) if gathers(_module(traced, node))]
    made = []
    # In front of everything the state is what the layers read, which is nodes[0].
    for first, stop in itertools.pairwise([0, *cuts, len(nodes)]):
        last = nodes[stop] if stop < len(nodes) else end
        piece = _Building(traced, nodes[first], _carried(nodes, first))
        piece.add(nodes[first + 1 : stop])
        made.append(piece.made([*_carried(nodes, stop), last.all_input_nodes[0]]))
    return made


def _carried(nodes: Sequence[fx.Node], cut: int) -> list[fx.Node]:
    """What was made before a cut and is read behind the node that is cut at."""
    before = {*nodes[: cut + 1]}
    return [node for node in nodes[:cut] if {*node.users} - before and cut < len(nodes)]


class _Building:
    """A piece in the making: it begins with `first`, a norm or what the layers read."""

    def __init__(self, traced: fx.GraphModule, first: fx.Node, carried: Sequence[fx.Node]) -> None:
        self._traced, self._graph = traced, fx.Graph()
        self._values = {node: self._graph.placeholder(node.name) for node in carried}
        self._modules, self._chains = dict[str, Any](), dict[str, nn.Module]()
        self._norm = _module(traced, first)
        value = self._graph.placeholder("read")
        if self._norm:
            value = self._graph.create_node("call_module", _NORM, (value,))
        self._values[first] = value

    def add(self, nodes: Sequence[fx.Node]) -> None:
        """Add these operations, convolutions with what follows each alone as one."""
        waiting = dict.fromkeys(nodes)
        while waiting:
            node = next(iter(waiting))
            chain = _chain(self._traced, node, waiting)
            for member in chain:
                del waiting[member]
            if len(chain) > 1 or isinstance(_module(self._traced, node), _CONVOLUTIONS):
                name = f"chain_{len(self._chains)}"
                self._chains[name] = _layers(self._traced, chain)
                read = self._value(chain[0].all_input_nodes[0])
                run = self._graph.create_node("call_module", name, (read,))
                self._values[chain[-1]] = run
            else:
                self._copy(node)

    def made(self, gives: Sequence[fx.Node]) -> Piece:
        """The piece, which gives the values of these nodes."""
        self._graph.output(tuple(map(self._value, gives)))
        in_place(self._graph, {**self._modules, **self._chains, _NORM: self._norm})
        return Piece(self._norm, self._graph, self._modules, self._chains)

    def _value(self, node: fx.Node) -> fx.Node:
        # A parameter is read where it is used: it is no part of a state.
        return self._values[node] if node in self._values else self._copy(node)

    def _copy(self, node: fx.Node) -> fx.Node:
        if node.op in ("call_module", "get_attr"):
            self._modules[str(node.target)] = operator.attrgetter(str(node.target))(self._traced)
        self._values[node] = self._graph.node_copy(node, self._value)
        return self._values[node]


def _chain(traced: fx.GraphModule, node: fx.Node, among: Mapping[fx.Node, None]) -> list[fx.Node]:
    """A convolution and what follows, as long as each alone reads the one before, and it alone."""
    chain = [node]
    if not isinstance(_module(traced, node), _CONVOLUTIONS):
        return chain
    while len(chain[-1].users) == 1:
        (following,) = chain[-1].users
        if following not in among or following.all_input_nodes != [chain[-1]]:
            break
        chain.append(following)
    return chain


def _layers(traced: fx.GraphModule, chain: Sequence[fx.Node]) -> fx.GraphModule:
    """A chain as layers of their own."""
    graph = fx.Graph()
    values = {chain[0].all_input_nodes[0]: graph.placeholder("image")}
    for node in chain:
        values[node] = graph.node_copy(node, values.__getitem__)
    graph.output(values[chain[-1]])
    return fx.GraphModule(traced, graph)


def _module(traced: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    return traced.get_submodule(str(node.target)) if node.op == "call_module" else None
