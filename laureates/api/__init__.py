"""The read-only JSON interface of the library, and its description in OpenAPI.

It serves what the public pages show and nothing else, under the same filters. Identifiers are
stable: `public_id` of a laureate, slug of an announcement, an organisation, a theme or a claim,
kind and code of a territory.
"""
