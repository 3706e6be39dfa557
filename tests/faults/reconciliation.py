def reconcile(r):
    raise NotImplementedError
