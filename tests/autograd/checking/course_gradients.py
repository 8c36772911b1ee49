"""Hand gradients as courses and papers set them, each with its typical mistakes.

A case gives ``(fn, hand)`` for the name of a mistake, "" for none. They were written
against the list of kinds alone, without a look at how a kind is found.
"""

from dataclasses import dataclass

import numpy as np

import autograd as ag

CASES = []


@dataclass
class Case:
    """A gradient, right as `make("")`, and its wrong forms with their kinds."""

    name: str
    make: object
    args: tuple
    layer: bool
    mistakes: dict


def case(*shapes, layer=False, **mistakes):
    """Note a case: random arguments of these shapes, or the arrays themselves."""

    def note(make):
        rng = np.random.default_rng(len(CASES) + 100)
        args = tuple(
            rng.normal(size=s) if isinstance(s, tuple) else np.array(s) for s in shapes
        )
        kinds = {key.rstrip("_"): kind for key, kind in mistakes.items()}
        CASES.append(Case(make.__name__, make, args, layer, kinds))
        return make

    return note


def log_softmax(z):
    return z - np.array([[ag.logsumexp(row)] for row in z])


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@case((3, 4), (4, 2), (2,), layer=True,
      no_bias_sum="missing-path", forgot_w_t="unknown", mean_bias="factor",
      x_minus="sign", swap="swapped-arguments", dx_zero="constant")  # fmt: skip
def affine(bug):
    def forward(x, w, b):
        return x @ w + b

    def backward(g, x, w, b):
        dx, dw, db = g @ w.T, x.T @ g, g.sum(0)
        if bug == "no_bias_sum":
            db = g
        if bug == "forgot_w_t":
            dx = g @ (w.T * np.arange(1, 5))
        if bug == "mean_bias":
            db = g.mean(0)
        if bug == "x_minus":
            dx = -dx
        if bug == "swap":
            dx, dw = dw, dx
        if bug == "dx_zero":
            dx = dx * 0
        return dx, dw, db

    return forward, backward


@case((5, 4), layer=True, no_mask="missing-path", all_zero="constant")
def relu_layer(bug):
    def backward(g, x):
        return {"no_mask": g, "all_zero": 0 * g}.get(bug, g * (x > 0))

    return lambda x: np.maximum(x, 0), backward


@case((6, 4), (4,), (4,), layer=True,
      mean_fixed="missing-path", var_fixed="missing-path", both_fixed="missing-path",
      gamma_left_out="missing-path", dgamma_raw="wrong-point", dbeta_mean="factor",
      )  # fmt: skip
def batch_norm(bug):
    def forward(x, gamma, beta):
        mu = x.mean(axis=0)
        c = x - mu
        var = (c * c).mean(axis=0)
        xhat = c / np.sqrt(var + 1e-5)
        return gamma * xhat + beta

    def backward(g, x, gamma, beta):
        c = x - x.mean(0)
        s = np.sqrt((c * c).mean(0) + 1e-5)
        xhat = c / s
        dgamma, dbeta = (g * xhat).sum(0), g.sum(0)
        if bug == "dgamma_raw":
            dgamma = (g * c).sum(0)
        if bug == "dbeta_mean":
            dbeta = g.mean(0)
        d = g if bug == "gamma_left_out" else g * gamma
        dx = d.copy()
        if bug not in ("mean_fixed", "both_fixed"):
            dx = dx - d.mean(0)
        if bug == "mean_fixed":
            return (d - xhat * (d * xhat).mean(0)) / s, dgamma, dbeta
        if bug not in ("var_fixed", "both_fixed"):
            dx = dx - xhat * (d * xhat).mean(0)
        return dx / s, dgamma, dbeta

    return forward, backward


@case((3, 5), (5,), (5,), layer=True,
      wrong_axis="unknown", var_fixed="missing-path", n_minus_one="unknown",
      doubled_beta="factor")  # fmt: skip
def layer_norm(bug):
    def forward(x, gamma, beta):
        mu = np.mean(x, axis=1, keepdims=True)
        var = np.mean((x - mu) ** 2, axis=1, keepdims=True)
        return gamma * ((x - mu) / np.sqrt(var + 1e-5)) + beta

    def backward(g, x, gamma, beta):
        axis = 0 if bug == "wrong_axis" else 1
        mu = x.mean(1, keepdims=True)
        var = ((x - mu) ** 2).mean(1, keepdims=True)
        s = np.sqrt(var + 1e-5)
        xhat = (x - mu) / s
        d = g * gamma
        n = x.shape[1]
        second = (d * xhat).sum(axis, keepdims=True) / (
            n - 1 if bug == "n_minus_one" else n
        )
        dx = d - d.mean(axis, keepdims=True)
        if bug != "var_fixed":
            dx = dx - xhat * second
        dbeta = g.sum(0) * (2 if bug == "doubled_beta" else 1)
        return dx / s, (g * xhat).sum(0), dbeta

    return forward, backward


@case((1, 5, 5), (2, 1, 3, 3), (2,), layer=True,
      flipped="permuted", kernel_t="transposed", no_bias="constant",
      assigned="missing-path")  # fmt: skip
def convolution(bug):
    def forward(x, w, b):
        rows = []
        for i in range(3):
            for j in range(3):
                patch = x[:, i : i + 3, j : j + 3]
                rows.append([np.sum(patch * w[k]) + b[k] for k in range(2)])
        return np.array(rows)

    def backward(g, x, w, b):
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for place in range(9):
            i, j = divmod(place, 3)
            for k in range(2):
                dw[k] += g[place, k] * x[:, i : i + 3, j : j + 3]
                if bug == "assigned":
                    dx[:, i : i + 3, j : j + 3] = g[place, k] * w[k]
                else:
                    dx[:, i : i + 3, j : j + 3] += g[place, k] * w[k]
        if bug == "flipped":
            dw = dw[:, :, ::-1, ::-1]
        if bug == "kernel_t":
            dw = dw.swapaxes(2, 3)
        return dx, dw, g.sum(0) * (bug != "no_bias")

    return forward, backward


@case((4, 4), layer=True, average="offset", everywhere="missing-path", first="permuted")
def max_pool(bug):
    def forward(x):
        return np.array(
            [[np.max(x[i : i + 2, j : j + 2]) for j in (0, 2)] for i in (0, 2)]
        )

    def backward(g, x):
        dx = np.zeros_like(x)
        for i in (0, 2):
            for j in (0, 2):
                part = x[i : i + 2, j : j + 2]
                mask = (part == part.max()) * 1.0
                if bug == "average":
                    mask = np.full((2, 2), 0.25)
                if bug == "everywhere":
                    mask = np.ones((2, 2))
                if bug == "first":
                    mask = mask[::-1]
                dx[i : i + 2, j : j + 2] = mask * g[i // 2, j // 2]
        return dx

    return forward, backward


LABELS = np.array([0, 2, 1, 2, 0])


@case((5, 3),
      no_mean="factor", no_one_hot="missing-path", normaliser="constant", minus="sign",
      shifted_labels="offset", not_normalised="unknown")  # fmt: skip
def softmax_loss(bug):
    def fn(z):
        return -np.mean(log_softmax(z)[np.arange(5), LABELS])

    def hand(z):
        p = np.exp(z) if bug == "not_normalised" else softmax(z)
        one = np.eye(3)[(LABELS + 1) % 3 if bug == "shifted_labels" else LABELS]
        if bug == "no_one_hot":
            one = 0
        if bug == "normaliser":
            p = 0
        d = p - one
        return (-d if bug == "minus" else d) / (1 if bug == "no_mean" else 5)

    return fn, hand


@case((6, 4), (4, 3), own_class="missing-path", no_mean="factor",
      reg_half="missing-path",
      no_reg="missing-path", scores_only="missing-path")  # fmt: skip
def svm_loss(bug):
    y = np.array([0, 1, 2, 0, 1, 2])
    others = np.ones((6, 3))
    others[np.arange(6), y] = 0

    def fn(x, w):
        s = x @ w
        margins = np.maximum(0, s - s[np.arange(6), y][:, None] + 1) * others
        data = np.sum(margins) / 6
        reg = 0.1 * np.sum(w * w)
        return data + reg

    def hand(x, w):
        s = x @ w
        m = ((s - s[np.arange(6), y][:, None] + 1) > 0) * others
        if bug != "own_class":
            m[np.arange(6), y] -= m.sum(1)
        m = m / (1 if bug == "no_mean" else 6)
        reg = {"no_reg": 0, "reg_half": 0.1}.get(bug, 0.2) * w
        dx = m @ w.T
        if bug == "no_mean":
            return dx, x.T @ m + reg * 6
        if bug == "scores_only":
            return dx, x.T @ m
        return dx, x.T @ m + reg

    return fn, hand


@case((3,), (4,), (4, 3), (4, 4), (4,),
      at_preact="wrong-point", at_input="unknown", wh_next="wrong-point",
      last_only="missing-path", no_tanh="missing-path", wh_t="transposed",
      truncated="missing-path")  # fmt: skip
def rnn(bug):
    steps = 4

    def fn(x, h, wx, wh, b):
        total = 0.0
        for _ in range(steps):
            h = np.tanh(wx @ x + wh @ h + b)
            total = total + np.sum(h)
        return total

    def hand(x, h, wx, wh, b):
        hs, zs = [h], []
        for _ in range(steps):
            zs.append(wx @ x + wh @ hs[-1] + b)
            hs.append(np.tanh(zs[-1]))
        dx, dwx, dwh, db = 0 * x, 0 * wx, 0 * wh, 0 * b
        dh = 0 * h
        for t in reversed(range(steps)):
            dh = dh + 1
            slope = 1 - hs[t + 1] ** 2
            if bug == "at_preact":
                slope = 1 - zs[t] ** 2
            if bug == "no_tanh":
                slope = 1
            dz = dh * slope
            dx, db = dx + wx.T @ dz, db + dz
            dwx = dwx + np.outer(dz, x)
            before = hs[t + 1] if bug == "wh_next" else hs[t]
            if not (bug == "last_only" and t < steps - 1):
                dwh = dwh + np.outer(dz, before)
            dh = wh.T @ dz
            if bug == "at_input":
                dh = wh @ dz
            if bug == "truncated":
                dh = 0 * dh
        return dx, dh, dwx, dwh.T if bug == "wh_t" else dwh, db

    return fn, hand


@case((3,), (2,), (2,), (8, 3), (8, 2), layer=True,
      cell_slope="wrong-point", no_forget="constant", gate_order="permuted",
      cell_path="missing-path", sigmoid_slope="missing-path")  # fmt: skip
def lstm(bug):
    def forward(x, h, c, wx, wh):
        a = wx @ x + wh @ h
        i = ag.sigmoid(a[:2])
        f = ag.sigmoid(a[2:4])
        o = ag.sigmoid(a[4:6])
        g = np.tanh(a[6:])
        new = f * c + i * g
        return o * np.tanh(new)

    def backward(dh, x, h, c, wx, wh):
        a = wx @ x + wh @ h
        i, f, o, g = sigmoid(a[:2]), sigmoid(a[2:4]), sigmoid(a[4:6]), np.tanh(a[6:])
        new = f * c + i * g
        t = np.tanh(new)
        dc = dh * o * (1 - (new if bug == "cell_slope" else t) ** 2)
        if bug == "cell_path":
            dc = 0 * dc
        da = np.concatenate(
            [
                dc * g * (1 if bug == "sigmoid_slope" else i * (1 - i)),
                dc * c * f * (1 - f),
                dh * t * o * (1 - o),
                dc * i * (1 - g * g),
            ]
        )
        dwx, dwh = np.outer(da, x), np.outer(da, h)
        if bug == "gate_order":
            dwx = dwx[[2, 3, 0, 1, 4, 5, 6, 7]]
        return wx.T @ da, wh.T @ da, dc * f * (bug != "no_forget"), dwx, dwh

    return forward, backward


@case((3,), (2,), (2, 3), (2, 3), (2, 2), (2, 2), layer=True,
      no_carry="missing-path", one_minus="missing-path", wrong_sign="sign",
      candidate="wrong-point")  # fmt: skip
def gru(bug):
    def forward(x, h, wz, wn, uz, un):
        z = ag.sigmoid(wz @ x + uz @ h)
        n = np.tanh(wn @ x + un @ h)
        return (1 - z) * n + z * h

    def backward(g, x, h, wz, wn, uz, un):
        z, pre = sigmoid(wz @ x + uz @ h), wn @ x + un @ h
        n = np.tanh(pre)
        dz = g * (h if bug == "one_minus" else h - n) * z * (1 - z)
        if bug == "wrong_sign":
            dz = -dz
        dn = g * (1 - z) * (1 - (pre if bug == "candidate" else n) ** 2)
        dh = uz.T @ dz + un.T @ dn
        if bug != "no_carry":
            dh = dh + g * z
        dx = wz.T @ dz + wn.T @ dn
        if bug == "wrong_sign":
            dx, dh = wn.T @ dn - wz.T @ dz, un.T @ dn + g * z - uz.T @ dz
        return (
            dx,
            dh,
            np.outer(dz, x),
            np.outer(dn, x),
            np.outer(dz, h),
            np.outer(dn, h),
        )

    return forward, backward


@case((3, 4), (3, 4), (3, 2), layer=True,
      no_scale="factor", kt="unknown", normaliser="missing-path",
      v_untransposed="unknown", qk="swapped-arguments")  # fmt: skip
def attention(bug):
    def forward(q, k, v):
        return np.exp(log_softmax(q @ k.T / 2.0)) @ v

    def backward(g, q, k, v):
        p = softmax(q @ k.T / 2.0)
        dp = g @ v.T
        ds = p * (dp if bug == "normaliser" else dp - (p * dp).sum(1, keepdims=True))
        if bug != "no_scale":
            ds = ds / 2.0
        dq, dk = ds @ k, (ds if bug == "kt" else ds.T) @ q
        if bug == "qk":
            dq, dk = dk, dq
        return dq, dk, (p if bug == "v_untransposed" else p.T) @ g

    return forward, backward


TOKENS = [1, 3, 1, 0, 1]


@case((4, 3), layer=True, overwritten="missing-path", counted="factor")
def embedding(bug):
    def backward(g, table):
        found = np.zeros_like(table)
        if bug == "overwritten":
            found[TOKENS] = g
        else:
            np.add.at(found, TOKENS, g)
        if bug == "counted":
            found = found / np.maximum(np.bincount(TOKENS), 1)[:, None]
        return found

    return lambda table: table[TOKENS], backward


TARGET = np.array([1.0, 0.0, 1.0, 1.0])


@case((4,), first_term="missing-path", second_term="missing-path", minus="sign",
      gamma="unknown", alpha="factor")  # fmt: skip
def focal_loss(bug):
    def fn(z):
        p = ag.sigmoid(z)
        weight = (1 - p) ** 2
        return -0.25 * np.sum(weight * np.log(p))

    def hand(z):
        p = sigmoid(z)
        dp = -2 * (1 - p) * np.log(p) * (bug != "first_term")
        dp = dp + (1 - p) ** 2 / p * (bug != "second_term")
        if bug == "gamma":
            dp = -3 * (1 - p) * np.log(p) + (1 - p) ** 2 / p
        dz = dp * p * (1 - p)
        return {"minus": 0.25, "alpha": -0.75}.get(bug, -0.25) * dz

    return fn, hand


@case([0.3, -0.2, 0.5], [0.4, 0.1, -0.3], [-0.2, 0.6, 0.1],
      no_two="factor", anchor_only_positive="missing-path",
      exchanged="swapped-arguments",
      negative_sign="sign")  # fmt: skip
def triplet(bug):
    def fn(a, p, n):
        near = np.sum((a - p) ** 2)
        far = np.sum((a - n) ** 2)
        return np.maximum(0, near - far + 2.0)

    def hand(a, p, n):
        on = 1.0 * (np.sum((a - p) ** 2) - np.sum((a - n) ** 2) + 2.0 > 0)
        da, dp, dn = 2 * (n - p), 2 * (p - a), 2 * (a - n)
        if bug == "no_two":
            da, dp, dn = da / 2, dp / 2, dn / 2
        if bug == "anchor_only_positive":
            da = 2 * (a - p)
        if bug == "exchanged":
            dp, dn = dn, dp
        if bug == "negative_sign":
            dn = -dn
        return on * da, on * dp, on * dn

    return fn, hand


@case((4,), (4,), distance="factor", unnormalised="missing-path")
def contrastive_cosine(bug):
    def fn(a, b):
        return (1 - a @ b / (np.sqrt(a @ a) * np.sqrt(b @ b))) ** 2

    def hand(a, b):
        na, nb = np.sqrt(a @ a), np.sqrt(b @ b)
        c = a @ b / (na * nb)
        da, db = b / (na * nb) - c * a / na**2, a / (na * nb) - c * b / nb**2
        if bug == "unnormalised":
            da, db = b / (na * nb), a / (na * nb)
        k = -2 * (1 - c) * (0.5 if bug == "distance" else 1)
        return k * da, k * db

    return fn, hand


@case((3,), (3,), kl_mu="missing-path", kl_sigma_one="missing-path",
      noise="missing-path",
      half="doubled-path", sigma_not_log="missing-path")  # fmt: skip
def vae(bug):
    noise = np.array([0.3, -1.1, 0.7])
    target = np.array([1.0, 0.5, -0.5])

    def fn(mu, logvar):
        z = mu + np.exp(0.5 * logvar) * noise
        recon = np.sum((z - target) ** 2)
        kl = -0.5 * np.sum(1 + logvar - mu * mu - np.exp(logvar))
        return recon + kl

    def hand(mu, logvar):
        s = np.exp(0.5 * logvar)
        r = 2 * (mu + s * noise - target)
        dmu = r + mu * (bug != "kl_mu")
        kl = 0.5 * np.exp(logvar) - 0.5 * (bug != "kl_sigma_one")
        dl = r * noise * s * 0.5
        if bug == "noise":
            dl = 0
        if bug == "half":
            dl = dl * 2
        if bug == "sigma_not_log":
            kl = -0.5
        return dmu, dl + kl

    return fn, hand


@case((5, 3), (3,), no_l2="missing-path", l2_twice="doubled-path", no_mean="factor",
      label="unknown")  # fmt: skip
def logistic_l2(bug):
    y = np.array([1.0, -1.0, 1.0, 1.0, -1.0])

    def fn(x, w):
        loss = np.sum(ag.softplus(-y * (x @ w))) / 5
        return loss + 0.3 * np.sum(w**2)

    def hand(x, w):
        m = -y * sigmoid(-y * (x @ w)) / 5
        if bug == "label":
            m = -sigmoid(-y * (x @ w)) / 5
        l2 = {"no_l2": 0, "l2_twice": 1.2}.get(bug, 0.6) * w
        if bug == "no_mean":
            return np.outer(m, w) * 5, x.T @ m * 5 + l2 * 5
        return np.outer(m, w), x.T @ m + l2

    return fn, hand


@case((4,), denominator="missing-path", numerator="missing-path", half="factor",
      asymmetric="unknown")  # fmt: skip
def rayleigh(bug):
    a = np.arange(16.0).reshape(4, 4) / 10

    def fn(w):
        return (w @ (a @ w)) / (w @ w)

    def hand(w):
        d = w @ w
        q = w @ a @ w / d
        num = ((a + a.T) @ w if bug != "asymmetric" else 2 * a @ w) / d
        den = 2 * q * w / d
        found = num * (bug != "numerator") - den * (bug != "denominator")
        return found / 2 if bug == "half" else found

    return fn, hand


@case([[0.0, 0.0], [1.2, 0.1], [0.3, 1.4]], newton="sign", twelve="factor",
      one_body="missing-path", power="unknown")  # fmt: skip
def lennard_jones(bug):
    def fn(x):
        total = 0.0
        for i in range(3):
            for j in range(i):
                d = x[i] - x[j]
                r2 = d @ d
                total = total + 4 * (r2**-6 - r2**-3)
        return total

    def hand(x):
        found = np.zeros_like(x)
        for i in range(3):
            for j in range(i):
                d = x[i] - x[j]
                r2 = d @ d
                g = 4 * (-6 * r2**-7 + 3 * r2**-4)
                if bug == "twelve":
                    g = 4 * (-12 * r2**-7 + 6 * r2**-4) / 1.5
                if bug == "power":
                    g = 4 * (-6 * r2**-6 + 3 * r2**-3)
                found[i] += 2 * g * d
                if bug != "one_body":
                    found[j] -= 2 * g * d
        return -found if bug == "newton" else found

    return fn, hand


@case([0.4, -0.3], [1.0, 0.7], no_coupling="missing-path", kinetic_half="factor",
      gravity_cos="unknown", masses="swapped-arguments")  # fmt: skip
def pendulum_energy(bug):
    def fn(angle, speed):
        kinetic = 0.5 * speed[0] ** 2 + 0.5 * speed[1] ** 2
        coupling = speed[0] * speed[1] * np.cos(angle[0] - angle[1])
        return kinetic + coupling - 9.81 * (np.cos(angle[0]) + np.cos(angle[1]))

    def hand(angle, speed):
        s, c = np.sin(angle[0] - angle[1]), np.cos(angle[0] - angle[1])
        k = speed[0] * speed[1] * s
        if bug == "no_coupling":
            k, c = 0.0, 0.0
        g = 9.81 * (np.cos(angle) if bug == "gravity_cos" else np.sin(angle))
        dspeed = np.array([speed[0] + speed[1] * c, speed[1] + speed[0] * c])
        if bug == "kinetic_half":
            dspeed = dspeed / 2
        dangle = np.array([-k, k]) + g
        return (dspeed, dangle) if bug == "masses" else (dangle, dspeed)

    return fn, hand


@case([0.5, -0.4], no_determinant="missing-path", no_quadratic="missing-path",
      half="factor", not_log="unknown")  # fmt: skip
def gp_likelihood(bug):
    t, y = np.array([0.0, 0.7]), np.array([0.5, -0.4])

    def fn(theta):
        k = np.exp(theta[0]) * np.exp(-0.5 * (t[0] - t[1]) ** 2)
        d = np.exp(theta[0]) + np.exp(theta[1])
        det = d * d - k * k
        quad = (d * (y[0] ** 2 + y[1] ** 2) - 2 * k * y[0] * y[1]) / det
        return 0.5 * quad + 0.5 * np.log(det)

    def hand(theta):
        a, s = np.exp(theta)
        c = np.exp(-0.5 * 0.49)
        kernel = np.array([[1, c], [c, 1]])
        inverse = np.linalg.inv(a * kernel + s * np.eye(2))
        alpha = inverse @ y
        found = []
        for d in (a * kernel, s * np.eye(2)):
            det, quad = 0.5 * np.trace(inverse @ d), -0.5 * alpha @ d @ alpha
            found.append(
                det * (bug != "no_determinant") + quad * (bug != "no_quadratic")
            )
        found = np.array(found)
        if bug == "not_log":
            found = found / np.exp(theta)
        return 2 * found if bug == "half" else found

    return fn, hand


@case([1.0, 0.5], [0.8, -0.6, 0.3], parameters_last="missing-path",
      state_one="missing-path", euler="factor")  # fmt: skip
def ode_steps(bug):
    dt, steps = 0.1, 5

    def fn(y, k):
        for _ in range(steps):
            drift = np.array([k[0] * y[1], k[1] * y[0] + k[2] * y[1] * y[1]])
            y = y + dt * drift
        return np.sum(y * y)

    def hand(y, k):
        ys = [y]
        for _ in range(steps):
            y = ys[-1]
            f = np.array([k[0] * y[1], k[1] * y[0] + k[2] * y[1] ** 2])
            ys.append(y + dt * f)
        g, dk = 2 * ys[-1], np.zeros(3)
        for n, y in enumerate(reversed(ys[:-1])):
            if not (bug == "parameters_last" and n):
                dk += dt * np.array([g[0] * y[1], g[1] * y[0], g[1] * y[1] ** 2])
            j = np.array([[0, k[0]], [k[1], 2 * k[2] * y[1]]])
            g = g + dt * (j.T @ g)
        if bug == "state_one":
            g = 2 * ys[-1]
        return g, dk / dt if bug == "euler" else dk

    return fn, hand


@case((5,), delta="unknown", mean="factor", no_clip="wrong-point")
def huber(bug):
    def fn(r):
        small = np.clip(r, -1.0, 1.0)
        return np.sum(small * r - 0.5 * small * small) / 5

    def hand(r):
        d = r if bug == "no_clip" else np.clip(r, -1, 1)
        if bug == "delta":
            d = np.clip(r, -0.5, 0.5)
        return d / (1 if bug == "mean" else 5)

    return fn, hand


@case((6,), layer=True, slope="unknown", no_gate="missing-path",
      gate_only="missing-path",
      at_output="wrong-point")  # fmt: skip
def silu(bug):
    def backward(g, x):
        s = sigmoid(x)
        out = x * s
        found = s + x * s * (1 - s)
        if bug == "slope":
            found = s * (1 - s)
        if bug == "no_gate":
            found = x * s * (1 - s)
        if bug == "gate_only":
            found = s
        if bug == "at_output":
            found = sigmoid(out) + out * sigmoid(out) * (1 - sigmoid(out))
        return g * found

    return lambda x: x * ag.sigmoid(x), backward


@case((5,), layer=True, no_inner="missing-path", constant="unknown",
      cubic="missing-path", first_half="missing-path")  # fmt: skip
def gelu_tanh(bug):
    c = np.sqrt(2 / np.pi)

    def forward(x):
        cube = x * x * x
        inner = c * (x + 0.044715 * cube)
        return 0.5 * x * (1 + np.tanh(inner))

    def backward(g, x):
        t = np.tanh(c * (x + 0.044715 * x**3))
        cubic = 0 if bug == "cubic" else 3 * 0.044715 * x * x
        slope = c * (1 + cubic)
        if bug == "no_inner":
            slope = 1
        if bug == "constant":
            slope = slope * 1.001
        first = 0 if bug == "first_half" else 0.5 * (1 + t)
        return g * (first + 0.5 * x * (1 - t * t) * slope)

    return forward, backward


@case((6,), layer=True, mask="missing-path", scale="factor")
def dropout(bug):
    mask = np.array([1.0, 0, 1, 1, 0, 1]) / 0.8

    def backward(g, x):
        return {"mask": g, "scale": g * mask * 0.8}.get(bug, g * mask)

    return lambda x: x * mask, backward


@case(
    (4, 3), layer=True, diagonal="missing-path", p_only="unknown", no_p="missing-path"
)
def softmax_layer(bug):
    def forward(z):
        e = np.exp(z)
        return e / np.sum(e, axis=1, keepdims=True)

    def backward(g, z):
        p = softmax(z)
        if bug == "diagonal":
            return g * p
        if bug == "p_only":
            return g * p * (1 - p)
        if bug == "no_p":
            return -p * (g * p).sum(1, keepdims=True)
        return p * (g - (g * p).sum(1, keepdims=True))

    return forward, backward


@case((3, 3), not_transposed="transposed", adjugate="factor", identity="unknown")
def log_det(bug):
    def fn(w):
        a = w + 4 * np.eye(3)
        d = (
            a[0, 0] * (a[1, 1] * a[2, 2] - a[1, 2] * a[2, 1])
            - a[0, 1] * (a[1, 0] * a[2, 2] - a[1, 2] * a[2, 0])
            + a[0, 2] * (a[1, 0] * a[2, 1] - a[1, 1] * a[2, 0])
        )
        return np.log(d)

    def hand(w):
        a = w + 4 * np.eye(3)
        inverse = np.linalg.inv(a)
        if bug == "not_transposed":
            return inverse
        if bug == "identity":
            return np.linalg.inv(w + 3 * np.eye(3)).T
        return inverse.T * (2 if bug == "adjugate" else 1)

    return fn, hand


@case((4, 2), (3, 2), u_reg="missing-path", observed="unknown", no_two="factor",
      vu="unknown")  # fmt: skip
def matrix_factorisation(bug):
    rng = np.random.default_rng(3)
    r, m = rng.normal(size=(4, 3)), rng.integers(0, 2, (4, 3)) * 1.0

    def fn(u, v):
        e = (u @ v.T - r) * m
        fit = np.sum(e * e)
        return fit + 0.1 * np.sum(u * u) + 0.1 * np.sum(v * v)

    def hand(u, v):
        e = (u @ v.T - r) * (1 if bug == "observed" else m)
        du, dv = 2 * e @ v, 2 * e.T @ u
        if bug != "u_reg":
            du = du + 0.2 * u
        dv = dv + 0.2 * v
        if bug == "no_two":
            du, dv = du / 2, dv / 2
        if bug == "vu":
            du[:3], dv = dv.copy(), du[:3].copy()
        return du, dv

    return fn, hand


@case((4,), (4,), a_path="missing-path", sign_b="sign", twice="factor")
def mse_of_product(bug):
    def fn(a, b):
        return np.mean((a * b - 1.0) ** 2)

    def hand(a, b):
        e = 2 * (a * b - 1) / 4
        da, db = e * b, e * a
        if bug == "a_path":
            da = e
        if bug == "sign_b":
            db = -db
        return (2 * da, 2 * db) if bug == "twice" else (da, db)

    return fn, hand


@case((3, 4), (4,), layer=True, gain_missing="missing-path", held="missing-path")
def rms_norm(bug):
    def forward(x, gain):
        ms = np.mean(x * x, axis=1, keepdims=True)
        return gain * (x / np.sqrt(ms + 1e-6))

    def backward(g, x, gain):
        r = np.sqrt((x * x).mean(1, keepdims=True) + 1e-6)
        d = g if bug == "gain_missing" else g * gain
        dx = d / r
        if bug != "held":
            dx = dx - x * (d * x).mean(1, keepdims=True) / r**3
        return dx, (g * x / r).sum(0)

    return forward, backward


@case((5,), [0.7], mu="sign", log_term="missing-path", square="constant")
def gaussian_nll(bug):
    def fn(x, log_s):
        z = (x - 0.3) / np.exp(log_s[0])
        return 0.5 * np.sum(z * z) + 5 * log_s[0]

    def hand(x, log_s):
        s = np.exp(log_s[0])
        z = (x - 0.3) / s
        dx = z / s
        if bug == "mu":
            dx = -dx
        count = 0 if bug == "log_term" else 5
        quad = 0 if bug == "square" else (z * z).sum()
        return dx, np.array([count - quad])

    return fn, hand


@case((5,), noise="non-deterministic", nan="non-finite", inplace="mutates-arguments",
      f32="single-precision", pi="factor")  # fmt: skip
def behaviour(bug):
    calls = []

    def fn(x):
        return np.pi * np.sum(np.exp(x) * x)

    def hand(x):
        calls.append(1)
        found = np.pi * np.exp(x) * (1 + x)
        if bug == "noise":
            found = found + 1e-3 * len(calls)
        if bug == "nan":
            found[2] = np.nan
        if bug == "inplace":
            x *= 2
        if bug == "f32":
            found = found.astype(np.float32)
        if bug == "pi":
            found = 3.14159 * np.exp(x) * (1 + x)
        return found

    return fn, hand


@case((3, 2, 2), layer=True, batch="permuted", axes="transposed")
def batched_square(bug):
    def backward(g, a):
        found = 2 * a * g
        if bug == "batch":
            found = found[[1, 2, 0]]
        return found.swapaxes(1, 2) if bug == "axes" else found

    return lambda a: a * a, backward


@case((4,), (3,), layer=True, outer_t="swapped-arguments", residual="missing-path",
      doubled="doubled-path")  # fmt: skip
def residual(bug):
    w = np.random.default_rng(1).normal(size=(4, 3))

    def forward(x, b):
        h = np.tanh(x @ w + b)
        back = h @ w.T
        return x + back

    def backward(g, x, b):
        h = np.tanh(x @ w + b)
        dz = (g @ w) * (1 - h * h)
        dx = dz @ w.T
        if bug == "residual":
            return dx, dz
        if bug == "doubled":
            return dx + 2 * g, dz
        if bug == "outer_t":
            return dz, dx + g
        return dx + g, dz

    return forward, backward


@case((4,), [0.5], layer=True, per_channel="factor", alpha_all="wrong-point",
      positive="missing-path")  # fmt: skip
def prelu(bug):
    def forward(x, a):
        return np.maximum(x, 0) + a * np.minimum(x, 0)

    def backward(g, x, a):
        dx = g * np.where(x > 0, 1, a)
        low = np.minimum(x, 0)
        if bug == "alpha_all":
            low = x
        if bug == "positive":
            dx = g * np.where(x > 0, 0, a)
        da = (g * low).sum(keepdims=True)
        return dx, da.max(keepdims=True) * 1.3 if bug == "per_channel" else da

    return forward, backward


@case((6,), tv_one="missing-path", tv_sign="sign", lam="factor")
def total_variation(bug):
    def fn(x):
        d = x[1:] - x[:-1]
        return 0.7 * np.sum(np.sqrt(d * d + 0.01))

    def hand(x):
        d = x[1:] - x[:-1]
        s = 0.7 * d / np.sqrt(d * d + 0.01)
        found = np.zeros(6)
        found[1:] += s
        if bug != "tv_one":
            found[:-1] -= s
        if bug == "lam":
            found = found / 0.7
        return -found if bug == "tv_sign" else found

    return fn, hand


@case((3, 3), layer=True, one_side="missing-path", sign="sign")
def symmetrise(bug):
    def forward(a):
        return (a + a.T) / 2

    def backward(g, a):
        if bug == "one_side":
            return g / 2
        return -(g + g.T) / 2 if bug == "sign" else (g + g.T) / 2

    return forward, backward


@case(
    [0.2, 0.5, 0.3], [0.3, 0.3, 0.4], no_one="missing-path", ratio="sign", q="constant"
)
def kl_divergence(bug):
    def fn(p, q):
        return np.sum(p * np.log(p / q))

    def hand(p, q):
        p, q = np.abs(p), np.abs(q)
        dp, dq = np.log(p / q) + 1, -p / q
        if bug == "no_one":
            dp = dp - 1
        if bug == "ratio":
            dq = -dq
        if bug == "q":
            dq = dq * 0
        return dp, dq

    return fn, hand
