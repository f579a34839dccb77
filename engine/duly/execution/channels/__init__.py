"""Ways for parcels to leave: files, mail, letters, lists, invitations, holds, a CRM.

`configured.load_channels` gives those of a team. Each keeps the promises of
`execution.ports.Channel`; what a channel has to know of its peer lies in its module.
"""
