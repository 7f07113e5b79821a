"""Where pip finds packages here, as a build sees it."""

from configparser import ConfigParser

from tools.images.packages import CERTIFICATES, Sources, sources


def options(given: Sources) -> dict[str, str]:
    parser = ConfigParser(interpolation=None)
    parser.read_string(given.pip_conf)
    return dict(parser["global"])


def test_an_index_stays_what_it_is() -> None:
    given = sources({"index-url": "https://packages.example/simple", "timeout": "60"})

    assert options(given) == {"index-url": "https://packages.example/simple"}
    assert given.volumes == ()


def test_folders_of_this_machine_are_there_under_the_same_name() -> None:
    given = sources({"find-links": "/srv/wheels", "extra-index-url": "file:///srv/index/simple\nhttps://b.example/"})

    assert options(given)["find-links"] == "/srv/wheels"
    assert options(given)["extra-index-url"].split() == ["file:///srv/index/simple", "https://b.example/"]
    assert set(given.volumes) == {"/srv/wheels:/srv/wheels:ro", "/srv/index:/srv/index:ro"}


def test_certificates_are_not_in_the_way_of_the_images_own() -> None:
    given = sources({"cert": "/etc/ssl/certs/ca-certificates.crt"})

    assert options(given)["cert"] == CERTIFICATES
    assert given.volumes == (f"/etc/ssl/certs/ca-certificates.crt:{CERTIFICATES}:ro",)


def test_pip_that_was_told_nothing_needs_nothing() -> None:
    assert sources({}) == Sources("[global]\n\n", ())
