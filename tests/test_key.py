from wespe.core.key import key_of


def test_a_key_is_that_of_its_parts_in_any_order() -> None:
    key = key_of(pair="a", seed=0)
    assert len(key) == 16
    assert key == key_of(seed=0, pair="a")
    assert len({key, key_of(pair="a", seed=1), key_of(pair="a"), key_of(rater="a", seed=0)}) == 4
