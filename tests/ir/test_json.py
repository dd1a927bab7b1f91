"""The IR's one form for machines: JSON that loses nothing and never varies."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bsnc.ir import (
    Budget,
    CostKey,
    Crop,
    DataConfig,
    Flip,
    Graph,
    IrFormatError,
    OneCycle,
    Program,
    SearchConfig,
    Step,
    TrainConfig,
    dump_program,
    every_cost,
    graph_hash,
    load_program,
    print_graph,
)
from tests.laws.build import conv, network
from tests.laws.strategies import law, networks

OWN = CostKey(name="extern", options=(("function", "my.costs:energy"),))
PLAIN = network((1, 4, 4), {"y": ["relu"]}, [("x", "y", [conv(2), "batch_norm"])])


@st.composite
def starting(draw: st.DrawFn, graph: Graph) -> Graph:
    """The graph with initial probabilities for some of its Bernoulli gates."""
    p = st.none() | st.floats(0, 1, exclude_min=True, exclude_max=True)
    gates = [gate if gate.options else gate.model_copy(update={"init": draw(p)}) for gate in graph.gates]
    return graph.model_copy(update={"gates": tuple(gates)})


@st.composite
def programs(draw: st.DrawFn) -> Program:
    settings = st.one_of(
        st.integers(-(2**60), 2**60),
        st.floats(allow_nan=False, allow_infinity=False),
        st.booleans(),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
        st.lists(st.integers(-9, 9), max_size=3).map(tuple),
    )
    bounds = st.floats(1e-6, 1e15)
    budget = st.builds(Budget, cost=st.sampled_from([*every_cost(), OWN]), bound=bounds, of_max=st.booleans())
    return Program(
        graph=draw(networks().flatmap(starting)),
        budgets=tuple(draw(st.lists(budget, max_size=3))),
        search=SearchConfig(penalty=draw(st.one_of(st.just("auto"), st.floats(1e-9, 1e3)))),
        train=TrainConfig(schedule=draw(st.sampled_from([OneCycle(warmup=0.25), Step(at=(3, 5), by=0.5)]))),
        data=DataConfig(augment=tuple(draw(st.lists(st.sampled_from([Crop(padding=2), Flip()]), max_size=2)))),
        settings=draw(st.dictionaries(st.text("abc", min_size=1, max_size=3), settings, max_size=3)),
    )


def typed(value: object) -> object:
    """A value with the types of its parts: 1, 1.0 and True are equal, but not the same."""
    return [typed(v) for v in value] if isinstance(value, (list, tuple)) else (type(value), value)


@law(80)
@given(programs())
def test_load_after_dump_is_the_identity(program: Program) -> None:
    again = load_program(dump_program(program))
    assert again == program
    assert {k: typed(v) for k, v in again.settings.items()} == {k: typed(v) for k, v in program.settings.items()}
    for ours, theirs in zip(program.graph.edges, again.graph.edges, strict=True):
        assert [typed(list(c.arguments.values())) for c in ours.module] == [
            typed(list(c.arguments.values())) for c in theirs.module
        ]


@law(80)
@given(programs())
def test_dumping_again_gives_the_same_bytes(program: Program) -> None:
    text = dump_program(program)
    assert dump_program(load_program(text)) == text
    assert text == dump_program(program.model_copy(deep=True))


@law(60)
@given(networks(), networks())
def test_graph_hash_is_equal_exactly_for_equal_graphs(one: Graph, other: Graph) -> None:
    assert graph_hash(load_program(dump_program(Program(graph=one))).graph) == graph_hash(one)
    assert (graph_hash(one) == graph_hash(other)) == (one == other)


@law(60)
@given(networks().flatmap(lambda graph: st.tuples(st.just(graph), starting(graph))))
def test_graph_hash_does_not_depend_on_where_gates_start(pair: tuple[Graph, Graph]) -> None:
    plain, started = pair
    assert graph_hash(plain) == graph_hash(started)


def test_json_from_before_gates_had_an_initial_probability_is_read() -> None:
    assert load_program(damaged(graph__gates__0__init=None)) == load_program(damaged())


def test_graph_hash_stays_from_version_to_version() -> None:
    """Certificates and runs name graphs by it: a change here orphans all that exist."""
    assert graph_hash(PLAIN) == "690b81b08d9f9d42eb514e48dbb626dc770e89299e7e9e256eb799105967c52b"


def test_sizes_and_choices_survive_json_and_are_listed_as_a_spec_has_them() -> None:
    steps = [conv(4, (1, 3), stride=2, padding="valid"), ("upsample", {"factor": 2, "mode": "bilinear"})]
    steps += [("avg_pool", {"kernel": (2,) * 2}), ("elu", {"alpha": 2.0})]
    program = Program(graph=network((1, 5, 5), {"y": []}, [("x", "y", steps)]))
    again = load_program(dump_program(program))
    assert again == program
    for ours, theirs in zip(program.graph.edges[0].module, again.graph.edges[0].module, strict=True):
        assert typed(list(ours.arguments.values())) == typed(list(theirs.arguments.values()))
    listed = "conv(channels = 4, kernel = [1, 3], stride = 2, padding = valid) | upsample(factor = 2, mode = bilinear)"
    assert listed in print_graph(program.graph)


def test_listing_is_the_same_each_time_and_names_every_part() -> None:
    graph = network(
        (1, 4, 4),
        {"h": [], "y": ["relu"]},
        [("x", "h", [conv(2, bias=False)]), ("h", "y", ["identity"], "fixed"), ("h", "y", [conv(2)], "g")],
    )
    assert print_graph(graph) == (
        "graph network  # 3 nodes, 3 edges, 2 gates\n"
        "  input x: [1, 4, 4]\n"
        "  node h: [2, 4, 4] sum\n"
        "  output y: [2, 4, 4] sum | relu\n"
        "  edge x->h: conv(channels = 2, kernel = 3, bias = false)  @ gate\n"
        "  edge h->y: identity  @ fixed\n"
        "  edge h->y#1: conv(channels = 2, kernel = 3)  @ gate g\n"
    )


def test_listing_tells_where_gates_start() -> None:
    graph = PLAIN.model_copy(update={"gates": (PLAIN.gates[0].model_copy(update={"init": 0.8}),)})
    assert print_graph(graph) == print_graph(PLAIN) + "  gate x->y: starts at 0.8\n"


@law(40)
@given(networks())
def test_listing_has_a_line_for_each_node_and_edge_in_order(graph: Graph) -> None:
    lines = print_graph(graph).splitlines()
    assert lines == print_graph(load_program(dump_program(Program(graph=graph))).graph).splitlines()
    assert [line.split(":")[0].split(maxsplit=1)[1] for line in lines[1 : 1 + len(graph.nodes)]] == [
        node.name for node in graph.nodes
    ]
    assert [line.split(": ")[0].removeprefix("  edge ") for line in lines[1 + len(graph.nodes) :]][
        : len(graph.edges)
    ] == [edge.name for edge in graph.edges]
    choices = [gate for gate in graph.gates if gate.options]
    assert lines[1 + len(graph.nodes) + len(graph.edges) :] == [
        f"  gate {gate.name}: one of {'; '.join(gate.options)}" for gate in choices
    ]


def damaged(**changes: object) -> str:
    data = json.loads(dump_program(Program(graph=PLAIN, budgets=(Budget(cost=CostKey(name="flops"), bound=9),))))
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = data
        for step in parents:
            place = place[int(step)] if isinstance(place, list) else place[step]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"a": 1}',
        "not json",
        dump_program(Program(graph=PLAIN))[:-200],
        damaged(version=1),
        damaged(format="onnx"),
        damaged(surplus=1),
        damaged(graph__edges=None),
        damaged(graph__edges__0__target="nowhere"),
        damaged(graph__edges__0__module=[]),
        damaged(graph__edges__0__module__0__op="conv9"),
        damaged(graph__edges__0__module__0__arguments={}),
        damaged(graph__edges__0__module__0__arguments__kernel=None),
        damaged(graph__edges__0__module__0__arguments__groups=0),
        damaged(graph__edges__0__module__0__arguments__groups=2),
        damaged(graph__edges__0__module__0__arguments__surplus=1),
        damaged(graph__edges__0__module__0__arguments__kernel="three"),
        damaged(graph__nodes__0__shape=[1, 4, -4]),
        damaged(graph__nodes__0__shape=[]),
        damaged(graph__nodes__0__kind="hidden"),
        damaged(graph__gates__0__init=0),
        damaged(graph__gates__0__init=1.0),
        damaged(graph__gates__0__init="half"),
        damaged(budgets__0__bound=-1),
        damaged(budgets__0__cost__name="fun"),
        damaged(train__epochs=0),
        damaged(search__lambda="often"),
    ],
)
def test_damaged_text_is_refused_with_one_kind_of_error(text: str) -> None:
    with pytest.raises(IrFormatError) as caught:
        load_program(text)
    assert "\n" not in str(caught.value)
