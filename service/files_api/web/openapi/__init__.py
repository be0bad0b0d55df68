"""What the OpenAPI document says beyond what flask-smorest finds in the code: headers, bodies, errors, examples.

`operations` has a dictionary for each operation, `problems` the errors, `generation` the bodies of a generation,
`document` what stands above them all.
"""
