"""The QR code service: a small encrypted QR code, encoded and decoded."""
