"""Slow twins of the numerics' kernels: plain Python and float64, obviously right."""

import math

import numpy as np

from tb_neuromapper.numerics.layout.lanes import N_LANES


def distance(x, y, metric):
    """One distance by its textbook formula."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if metric == "euclidean":
        return math.sqrt(((x - y) ** 2).sum())
    if metric == "manhattan":
        return float(np.abs(x - y).sum())
    if metric == "chebyshev":
        return float(np.abs(x - y).max())
    if metric == "correlation":
        x, y = x - x.mean(), y - y.mean()
    lengths = math.sqrt((x**2).sum()), math.sqrt((y**2).sum())
    if 0 in lengths:
        return 0.0 if lengths == (0, 0) else 1.0
    return 1.0 - float(x @ y) / (lengths[0] * lengths[1])


def nearest(points, k, metric="euclidean"):
    """Ids and distances of the k nearest others of every row, sorted by (distance, row)."""
    ids, dists = [], []
    for i in range(len(points)):
        found = sorted((distance(points[i], points[j], metric), j) for j in range(len(points)) if j != i)[:k]
        ids.append([j for _, j in found])
        dists.append([d for d, _ in found])
    return np.array(ids), np.array(dists)


def sort_list(pairs, size):
    """The `size` least of different (distance, row) pairs."""
    return sorted({row: (distance, row) for distance, row in pairs}.values())[:size]


def rows_that_name(rows, n_named):
    """For every row those that name it among their first `n_named`, by the place of the name, then by row."""
    n = len(rows)
    return [[i for j in range(n_named) for i in range(n) if rows[i][j] == row] for row in range(n)]


def meet_neighbors(features, rows, n_forward, n_backward):
    """Lists of (squared distance, row) after one round over neighbours' neighbours; `rows` are full sorted lists."""
    back, lists = rows_that_name(rows, n_forward), []
    for i, own in enumerate(rows):
        links = [*own[:n_forward], *back[i][:n_backward]]
        seen = set(own) | {other for link in links for other in [link, *rows[link][:n_forward]]}
        pairs = [(distance(features[i], features[j], "euclidean") ** 2, int(j)) for j in seen if j != i]
        lists.append(sort_list(pairs, len(own)))
    return lists


def trustworthiness(features, layout, k):
    """1 - 2 / (n k (2 n - 3 k - 1)) sum of (rank - k) over the k nearest in the layout, ranks among the features."""
    n, excess = len(features), 0
    near, _ = nearest(layout, k)
    ranked, _ = nearest(features, n - 1)
    for i in range(n):
        for j in near[i]:
            excess += max(0, ranked[i].tolist().index(j) + 1 - k)
    return 1 - 2 * excess / (n * k * (2 * n - 3 * k - 1))


def fuzzy_weights(dists):
    """exp(-(d - rho) / sigma) of one row, sigma such that the weights add up to log2(k + 1)."""
    dists = [float(d) for d in dists]
    positive = [d for d in dists if d > 0]
    rho = positive[0] if positive else 0.0
    wanted = math.log2(len(dists) + 1)

    def total(sigma):
        return sum(math.exp(-max(d - rho, 0.0) / sigma) for d in dists)

    low, high = 1e-12, 1e12
    for _ in range(200):
        sigma = math.sqrt(low * high)
        low, high = (low, sigma) if total(sigma) > wanted else (sigma, high)
    return [math.exp(-max(d - rho, 0.0) / sigma) for d in dists]


def fuzzy_union(ids, dists):
    """Symmetric weights of one slice's graph as {(row, other): weight}, by a + b - a b."""
    directed = {}
    for i in range(len(ids)):
        for j, weight in zip(ids[i], fuzzy_weights(dists[i]), strict=True):
            directed[i, int(j)] = weight
    pairs = set(directed) | {(j, i) for i, j in directed}
    result = {}
    for i, j in pairs:
        a, b = directed.get((i, j), 0.0), directed.get((j, i), 0.0)
        result[i, j] = a + b - a * b
    return result


def follow(n_rows, relations):
    """Chains of (slice, row) that are the same sample, in order of their first member."""
    chains, chain_of = [], {}
    for t, n in enumerate(n_rows):
        back = {} if t == 0 else {int(target): row for row, target in enumerate(relations[t - 1]) if target >= 0}
        for row in range(n):
            if row in back:
                chain = chain_of[t - 1, back[row]]
            else:
                chain = []
                chains.append(chain)
            chain.append((t, row))
            chain_of[t, row] = chain
    return chains


def overlap(ids, relations, t, row, offset):
    """Jaccard overlap of a sample's neighbours `offset` slices apart, among samples of both slices."""

    def forth(r):
        for s in range(t, t + offset):
            r = relations[s][r] if r >= 0 else -1
        return int(r)

    there = forth(row)
    reached = {forth(r): r for r in range(len(ids[t])) if forth(r) >= 0}
    own = {forth(j) for j in ids[t][row]} - {-1}
    theirs = {int(j) for j in ids[t + offset][there] if int(j) in reached}
    return len(own & theirs) / len(own | theirs) if own | theirs else 1.0


def attraction(current, other, a, b):
    """UMAP's attractive step, clipped."""
    delta = np.asarray(current, np.float64) - other
    squared = float(delta @ delta) + 1e-8
    return np.clip(-2 * a * b * squared ** (b - 1) / (1 + a * squared**b) * delta, -4, 4)


def repulsion(current, other, a, b):
    """UMAP's repulsive step, clipped."""
    delta = np.asarray(current, np.float64) - other
    squared = float(delta @ delta) + 1e-8
    return np.clip(2 * b / ((0.001 + squared) * (1 + a * squared**b)) * delta, -4, 4)


def scramble(x):
    """splitmix64's hash."""
    for shift, multiplier in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ x >> shift) * multiplier % 2**64
    return x ^ x >> 31


def move_rows(places, blocks, graph, curves, scales, ratios, step, seed, n_pass):
    """A pass over layout rows (R, 2, 8), row by row, lane by lane; ratios (R, 8) random rows a visit."""
    before, after = places.astype(np.float64), places.astype(np.float64)
    for block, bounds in enumerate(blocks):
        for row in range(bounds[0], bounds[1]):
            _move_row(row, before, after, [int(value) for value in bounds], graph, curves[block],
                      step * scales[block], ratios[row], seed, n_pass)  # fmt: skip
    return after


def _move_row(row, before, after, block, graph, curves, steps, ratios, seed, n_pass):
    first, last, low, high = block
    edges = range(graph.indptr[row], graph.indptr[row + 1])
    if not edges:
        return
    golden = 0x9E3779B97F4A7C15
    random = (scramble((row - low + (seed << 32)) * golden % 2**64) + n_pass * golden) % 2**64
    mark = 1.0 - (random >> 40) / 2**24
    random = (random ^ random >> 30) * 0xBF58476D1CE4E5B9 % 2**64 | 1
    owed, passed = (random >> 40) / 2**24, 0.0
    visits = graph.visits[row].astype(np.float64)
    total = sum(float(graph.rates[edge]) for edge in edges)
    most = min(visits.max() * ratios.max(), 64 * total)
    for edge in edges:
        passed += float(graph.rates[edge])
        if passed < mark:
            continue
        mark += 1.0
        tail = int(graph.tails[edge])
        current = after[row].copy()
        source = after if first <= tail < last else before
        for lane in range(N_LANES):
            pull = steps[lane] * graph.shares[edge, lane] / 255
            after[row, :, lane] += pull * attraction(current[:, lane], source[tail, :, lane], *curves[:, lane])
        owed += most / total
        while owed >= 1.0:
            owed -= 1.0
            random ^= random << 13 & 2**64 - 1
            random ^= random >> 7
            random ^= random << 17 & 2**64 - 1
            other = low + ((random >> 32) * (high - low) >> 32)
            for lane in range(N_LANES):
                force = repulsion(current[:, lane], before[other, :, lane], *curves[:, lane])
                after[row, :, lane] += steps[lane] * visits[lane] * ratios[lane] / most * force


def align(positions, overlaps, strengths, step):
    """One chain's positions (L, 2) pulled towards one another; overlaps (L, W), strengths (L,)."""
    positions = np.asarray(positions, np.float64)
    result = np.empty_like(positions)
    for i in range(len(positions)):
        total, mass = positions[i].copy(), 1.0
        for j in range(len(positions)):
            offset = abs(i - j)
            if 1 <= offset <= overlaps.shape[1]:
                weight = overlaps[min(i, j), offset - 1] * math.exp(1 - offset) * strengths[i] * step
                total += weight * positions[j]
                mass += weight
        result[i] = total / mass
    return result


def linear_cka(x, y):
    """HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)) from n x n kernels."""
    n = len(x)
    centre = np.eye(n) - 1 / n
    kernels = [centre @ (table.astype(np.float64) @ table.T.astype(np.float64)) @ centre for table in (x, y)]
    own = [np.trace(kernel @ kernel) for kernel in kernels]
    return np.trace(kernels[0] @ kernels[1]) / math.sqrt(own[0] * own[1])


def local_preservation(neighbor_ids, positions, k):
    """Per sample the share of its k nearest neighbours that are among its k nearest placed samples."""
    placed = [row for row in range(len(positions)) if np.isfinite(positions[row]).all()]
    size = min(k, neighbor_ids.shape[1], len(placed) - 1)
    shares = np.full(len(positions), np.nan)
    for row in placed:
        others = [other for other in placed if other != row]
        others.sort(key=lambda other, row=row: np.linalg.norm(positions[other] - positions[row]))
        shares[row] = len(set(others[:size]) & set(neighbor_ids[row, :size].tolist())) / size
    return shares
