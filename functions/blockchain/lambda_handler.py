"""The function's entry on Lambda."""

from crossover.lambda_entry import lambda_handler
from functions.blockchain.handler import SERVICE

handler = lambda_handler(SERVICE)
