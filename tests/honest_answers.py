"""conv_forward as six people might write it who have not seen each other's answers."""

GIVEN = '''def conv_forward(A_prev, W, b, hparameters):
    """Slide every filter over every image."""
    m, n_H_prev, n_W_prev, n_C_prev = A_prev.shape
    f, f, n_C_prev, n_C = W.shape
    stride, pad = hparameters["stride"], hparameters["pad"]
    padded = (n_H_prev + 2 * pad, n_W_prev + 2 * pad)
    if f > min(padded):
        raise ValueError(f"conv_forward: filter {(f, f)} is larger than the padded input {padded}")
'''
WRITTEN = {
    "int": """    n_H = int((n_H_prev - f + 2 * pad) / stride) + 1
    n_W = int((n_W_prev - f + 2 * pad) / stride) + 1
    Z = np.zeros((m, n_H, n_W, n_C))
    A_prev_pad = zero_pad(A_prev, pad)
    for i in range(m):
        a_prev_pad = A_prev_pad[i]
        for h in range(n_H):
            vert_start = h * stride
            vert_end = vert_start + f
            for w in range(n_W):
                horiz_start = w * stride
                horiz_end = horiz_start + f
                for c in range(n_C):
                    a_slice = a_prev_pad[vert_start:vert_end, horiz_start:horiz_end, :]
                    Z[i, h, w, c] = conv_single_step(a_slice, W[:, :, :, c], b[:, :, :, c])
    cache = (A_prev, W, b, hparameters)
    return Z, cache
""",
    "short": """    n_H = (padded[0] - f) // stride + 1
    n_W = (padded[1] - f) // stride + 1
    Z = np.empty((m, n_H, n_W, n_C))
    P = zero_pad(A_prev, pad)
    for i in range(m):
        for h in range(n_H):
            for w in range(n_W):
                window = P[i, h*stride:h*stride+f, w*stride:w*stride+f]
                for c in range(n_C):
                    Z[i, h, w, c] = conv_single_step(window, W[..., c], b[..., c])
    return Z, (A_prev, W, b, hparameters)
""",
    "stepwise": """    n_H = int(np.floor((n_H_prev + 2 * pad - f) / stride)) + 1
    n_W = int(np.floor((n_W_prev + 2 * pad - f) / stride)) + 1
    Z = np.zeros([m, n_H, n_W, n_C])
    padded_input = zero_pad(A_prev, pad)
    for i in range(m):
        example = padded_input[i, :, :, :]
        for h in range(n_H):
            for w in range(n_W):
                for c in range(n_C):
                    vert_start = stride * h
                    vert_end = stride * h + f
                    horiz_start = stride * w
                    horiz_end = stride * w + f
                    part = example[vert_start:vert_end, horiz_start:horiz_end, :]
                    weights = W[:, :, :, c]
                    bias = b[:, :, :, c]
                    Z[i, h, w, c] = conv_single_step(part, weights, bias)
    cache = (A_prev, W, b, hparameters)
    return Z, cache
""",
    "batch": """    n_H = 1 + (n_H_prev + 2*pad - f) // stride
    n_W = 1 + (n_W_prev + 2*pad - f) // stride
    A_pad = zero_pad(A_prev, pad)
    Z = np.zeros((m, n_H, n_W, n_C))
    for h in range(n_H):
        for w in range(n_W):
            vs, hs = h * stride, w * stride
            block = A_pad[:, vs:vs + f, hs:hs + f, :]
            for c in range(n_C):
                Z[:, h, w, c] = np.sum(block * W[:, :, :, c], axis=(1, 2, 3)) + b[0, 0, 0, c]
    cache = (A_prev, W, b, hparameters)
    return Z, cache
""",
    "product": """    n_H = (n_H_prev - f + 2 * pad) // stride + 1
    n_W = (n_W_prev - f + 2 * pad) // stride + 1
    Z = np.zeros((m, n_H, n_W, n_C))
    A_prev_pad = zero_pad(A_prev, pad)
    for i, image in enumerate(A_prev_pad):
        for h, w, c in itertools.product(range(n_H), range(n_W), range(n_C)):
            top, left = h * stride, w * stride
            bottom, right = top + f, left + f
            window = image[top:bottom, left:right]
            Z[i, h, w, c] = conv_single_step(window, W[:, :, :, c], b[:, :, :, c])
    return Z, (A_prev, W, b, hparameters)
""",
    "early": """    n_H = int((n_H_prev - f + 2*pad)/stride + 1)
    n_W = int((n_W_prev - f + 2*pad)/stride + 1)
    Z = np.zeros((m, n_H, n_W, n_C))
    A_prev_pad = zero_pad(A_prev, pad)
    for i in range(m):
        for h in range(n_H):
            vert_start = h * stride
            vert_end = h * stride + f
            for w in range(n_W):
                horiz_start = w * stride
                horiz_end = w * stride + f
                for c in range(n_C):
                    a_slice_prev = A_prev_pad[i, vert_start:vert_end, horiz_start:horiz_end, :]
                    Z[i, h, w, c] = conv_single_step(a_slice_prev, W[:, :, :, c], b[:, :, :, c])
    cache = (A_prev, W, b, hparameters)
    return Z, cache
""",
}
HONEST = {name: GIVEN + body for name, body in WRITTEN.items()}
