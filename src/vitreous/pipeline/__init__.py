"""Jobs as data: parameters, ports, a store on disk, events, resume. Knows no cryo-EM."""
