"""Closed forms that measurements are held against.

Every function gives its formula, where the formula holds, and where it comes from: a paper and
section, or "derived" with the page of this site that derives it. Symbols are the field's own: batch
size `m`, scale `gamma`, standard deviation `sigma` of a unit's input, `eps` under the root,
`rate` = the weight of the new value in a running average (PyTorch's `momentum`; one minus the
`momentum` of Keras and Flax).
"""
