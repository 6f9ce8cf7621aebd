"""How to alter what the doctor has found, so that a rule is broken, and what it says then."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.settings import Settings
from ops.doctor.__main__ import report
from ops.doctor.evidence import Application, Evidence, Port, Service
from ops.doctor.nginx import Conf, Directive
from ops.doctor.rule import Rule

Alteration = Callable[[Evidence], Evidence]


@dataclass(frozen=True)
class Broken:
    """A rule, what breaks it, and its two values, each with where it is set, as they are said."""

    rule: str
    alteration: Alteration
    left: str
    right: str

    def check(self, evidence: Evidence, rules: Sequence[Rule]) -> None:
        """Assert that the report names it, with both values, where they are set, and the cure."""
        [rule] = [each for each in rules if each.name == self.rule]
        text, sound = report(self.alteration(evidence), [rule], verbose=True)
        said = text.splitlines()
        assert not sound
        assert said[0] == f"BROKEN {rule.name}"
        assert any(self.left in line and self.right in line for line in said)
        end = [f"  rule: {rule.law}", f"  cure: {rule.cure}", "0 rules hold, 1 is broken"]
        assert said[-3:] == end


def variables(service: str, **environ: str) -> Alteration:
    """Other settings of one application; "" is the Procfile's."""

    def change(each: Application) -> Application:
        environment = {**each.environ, **environ}
        settings = Settings.from_environment(environment)
        arbiter = settings.arbiter
        gunicorn = {
            **each.gunicorn,
            "bind": str(list(settings.bind)),
            "workers": str(settings.workers),
            "timeout": str(arbiter.heartbeat),
            "graceful_timeout": str(arbiter.graceful_timeout),
        }
        return replace(each, environ=environment, settings=settings, gunicorn=gunicorn)

    return _application(service, change)


def command_line(service: str, **options: str) -> Alteration:
    """gunicorn started with options that stand above its file."""
    environ = {"GUNICORN_CMD_ARGS": " ".join(f"--{name}={text}" for name, text in options.items())}
    return _application(
        service,
        lambda each: replace(
            each, environ={**each.environ, **environ}, gunicorn={**each.gunicorn, **options}
        ),
    )


def compose(service: str, **changes: Any) -> Alteration:
    """Other words for one service in docker-compose.yml."""

    def changed(each: Service) -> Service:
        return replace(each, **changes) if each.name == service else each

    def change(evidence: Evidence) -> Evidence:
        return replace(
            evidence,
            services=tuple(map(changed, evidence.services)),
            proxies=tuple(
                replace(each, service=changed(each.service)) for each in evidence.proxies
            ),
            applications=tuple(
                replace(each, service=service, stop=service.stop_period())
                for each in evidence.applications
                for service in [changed(each.service)]
            ),
        )

    return change


def publish(service: str, target: int, published: str, address: str = "") -> Alteration:
    """One port more."""

    def change(evidence: Evidence) -> Evidence:
        [ports] = [each.ports for each in evidence.services if each.name == service]
        new = Port(service, target, published, "tcp", address)
        return compose(service, ports=(*ports, new))(evidence)

    return change


def nginx(name: str, *args: str, within: str = "", was: str = "") -> Alteration:
    """Other arguments for each directive of this name, in each block `within`, if the first
    argument `was` this one."""

    def change(each: Directive, parent: Directive) -> Directive | None:
        meant = within in ("", parent.name) and was in ("", *each.args[:1])
        return replace(each, args=args) if each.name == name and meant else each

    return _conf(change)


def nginx_without(name: str, was: str = "") -> Alteration:
    """No directive of this name, with this first argument."""

    def change(each: Directive, parent: Directive) -> Directive | None:
        return None if each.name == name and was in ("", *each.args[:1]) else each

    return _conf(change)


def nginx_with(block: str, *new: Directive, args: tuple[str, ...] | None = None) -> Alteration:
    """Directives more, in each block of this name and arguments."""

    def change(each: Directive, parent: Directive) -> Directive | None:
        meant = each.name == block and args in (None, each.args)
        return replace(each, block=(*each.block, *new)) if meant else each

    return _conf(change)


def evident(**changes: Any) -> Alteration:
    """Other evidence altogether."""
    return lambda evidence: replace(evidence, **changes)


def _application(service: str, change: Callable[[Application], Application]) -> Alteration:
    def named(each: Application) -> Application:
        return change(each) if each.service and each.service.name == service else each

    def all_(evidence: Evidence) -> Evidence:
        if not service:
            return replace(evidence, platform=change(evidence.platform))
        return replace(evidence, applications=tuple(map(named, evidence.applications)))

    return all_


def _conf(change: Callable[[Directive, Directive], Directive | None]) -> Alteration:
    def within(parent: Directive) -> Directive:
        changed = (change(each, parent) for each in parent.block)
        return replace(parent, block=tuple(within(each) for each in changed if each))

    return lambda evidence: replace(
        evidence,
        proxies=tuple(
            replace(each, conf=Conf(within(each.conf.main))) for each in evidence.proxies
        ),
    )
