"""The same iterations of EM as worker.go, by scikit-learn.

    python3 sklearn_em.py ROWS.npy START.npz FAMILY ITERATIONS

reads the rows and the parameters to start from and prints one JSON line: the
seconds of each iteration, the mean log-likelihood of the rows under the last
parameters, and the most memory that the process has held.
"""

import json
import resource
import sys
import time
import warnings

import numpy
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture


class Timed(GaussianMixture):
    """Notes when each iteration, an E-step and an M-step, ends."""

    def _m_step(self, x, log_resp):
        super()._m_step(x, log_resp)
        self.ends.append(time.perf_counter())

    def _e_step(self, x):
        if not self.ends:
            self.ends.append(time.perf_counter())
        return super()._e_step(x)


def main():
    rows, start, family, iterations = sys.argv[1:5]
    x = numpy.load(rows)
    p = numpy.load(start)
    covariances = p["covariances_"]
    precisions = 1 / covariances if family in ("diag", "spherical") else numpy.linalg.inv(covariances)
    m = Timed(
        len(p["weights_"]),
        covariance_type=family,
        tol=0,
        reg_covar=0,
        max_iter=int(iterations),
        init_params="random",
        weights_init=p["weights_"],
        means_init=p["means_"],
        precisions_init=precisions,
        random_state=0,
    )
    m.ends = []
    warnings.simplefilter("ignore", ConvergenceWarning)
    m.fit(x)
    seconds = numpy.diff(m.ends).tolist()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "nats": m.score(x), "peak_kilobytes": peak}))


main()
