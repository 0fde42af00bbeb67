import pytest

from anatomy.publishing import browser


def test_a_missing_chromium_is_named_with_the_way_out(monkeypatch):
    monkeypatch.setenv("ANATOMY_CHROMIUM", "/no/such/chromium")
    with pytest.raises(
        RuntimeError, match=r"ANATOMY_CHROMIUM names '/no/such/chromium'.*apt-get install chromium"
    ):
        browser.executable()
