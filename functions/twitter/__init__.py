"""The Twitter service: whom should a user contact?"""
