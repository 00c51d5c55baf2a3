"""The front doors of Lambda, one file each: HTTP request to event, and the function's answer to HTTP response."""

from local.lambda_runtime.doors.function_url import FunctionUrl
from local.lambda_runtime.doors.http_api import HttpApi
from local.lambda_runtime.doors.load_balancer import LoadBalancer
from local.lambda_runtime.doors.rest_api import RestApi
from local.lambda_runtime.doors.shape import Door

DOORS: dict[str, Door] = {
    door.name: door for door in (FunctionUrl(), HttpApi(), RestApi(), LoadBalancer(), LoadBalancer(multiple=True))
}
"""Every door by the name that options take."""
