"""The event sources of Lambda, one file each: HTTP request to event, and the function's answer to HTTP response."""

from local.emulator.event_sources.base import EventSource
from local.emulator.event_sources.function_url import FunctionUrl
from local.emulator.event_sources.http_api import HttpApi
from local.emulator.event_sources.load_balancer import LoadBalancer
from local.emulator.event_sources.rest_api import RestApi

EVENT_SOURCES: dict[str, EventSource] = {
    source.name: source for source in (FunctionUrl(), HttpApi(), RestApi(), LoadBalancer(), LoadBalancer(multiple=True))
}
"""Every source by the name that options take."""
