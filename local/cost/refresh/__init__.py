"""Renewing the price book from AWS's public bulk price list: a port, its adapters, a streaming reader, a comparison."""
