import pytest

from tests.laws.exports import CASES, Exported, exported
from tests.laws.weights import one_thread


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Exported:
    """Each of the exported networks."""
    return exported(request.param)


@pytest.fixture(autouse=True)
def _one_thread():
    with one_thread():
        yield
