/* The operators, a row each: the kind, and NAME of its struct operator_row, operator_NAME, which
 * stands in NAME.c or in the file of its family. Included, with OPERATOR defined, by what is made
 * of the list. Operators are ONNX's, where a comment says nothing else; each comment lists the
 * inputs. What ONNX passes as an input and struct op has as an attribute (axes, shapes, pads,
 * scales, limits) is no input here. */

/* x, weights (O,I/group,kh,kw), bias (O) or -1, residual of the output's shape or -1 (2 to 4):
 * activation(conv(x) + bias) + residual */
OPERATOR(OP_CONV, conv)
/* x, weights (I,O/group,kh,kw), bias (O) or -1 (2 or 3) */
OPERATOR(OP_CONV_TRANSPOSE, conv_transpose)
/* x; padding is -infinity */
OPERATOR(OP_MAX_POOL, max_pool)
/* x; padding counts only where op.pool_count_padding */
OPERATOR(OP_AVERAGE_POOL, average_pool)
/* x (N,C,H,W); nearest neighbour by integer or fractional op.scale: out = floor(in * scale), from
 * min(floor(at / scale), in - 1) */
OPERATOR(OP_RESIZE, resize)
/* one input or more, along op.axis */
OPERATOR(OP_CONCAT, concat)
/* x; op.slice on every axis; Split becomes one slice an output */
OPERATOR(OP_SLICE, slice)
/* x; op.unary or, where that is UNARY_ACTIVATION, op.activation */
OPERATOR(OP_UNARY, unary)
/* a, b; op.binary, with broadcasting; integers divide truncating */
OPERATOR(OP_BINARY, binary)
/* a, b; batched, broadcasting like ONNX's MatMul */
OPERATOR(OP_MATMUL, matmul)
/* x; over op.axis alone */
OPERATOR(OP_SOFTMAX, softmax)
/* x; op.reshape says where each dimension comes from */
OPERATOR(OP_RESHAPE, reshape)
/* x; output axis i is input axis op.permutation[i] */
OPERATOR(OP_TRANSPOSE, transpose)
/* x; op.reduce over op.axes, over all axes where n_axes is 0 */
OPERATOR(OP_REDUCE, reduce)
/* x; constant padding with op.pad_value; negative op.pads crop */
OPERATOR(OP_PAD, pad)
/* x; broadcast to op.expand, both ways as in ONNX */
OPERATOR(OP_EXPAND, expand)
/* x, indices (negative: from the end), along op.axis */
OPERATOR(OP_GATHER, gather)
/* x, indices (..., n) of its first n dimensions (negative: from the end), updates: x with each
 * update written where its index says */
OPERATOR(OP_SCATTER_ND, scatter_nd)
/* x, scale, bias, mean, variance, each (C); epsilon is op.alpha: folded into a Conv or a
 * multiply-add */
OPERATOR(OP_BATCH_NORM, batch_norm)

/* x; all its dimensions */
OPERATOR(OP_SHAPE, shape_of)
/* dims; filled with op.pad_value, of type op.cast_to */
OPERATOR(OP_CONSTANT_OF_SHAPE, constant_of_shape)
/* start, limit, delta: scalars */
OPERATOR(OP_RANGE, range)
/* x; to op.cast_to */
OPERATOR(OP_CAST, cast)
/* condition, a, b, with broadcasting */
OPERATOR(OP_WHERE, where)
/* x, repeats (one an axis) */
OPERATOR(OP_TILE, tile)
