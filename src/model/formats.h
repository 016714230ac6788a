/* The formats of model files that are read, a row each: what tells a file and reads it, what
 * messages name and which files --model is completed with follow from it. */
#ifndef VERIFY_MODEL_FORMATS_H
#define VERIFY_MODEL_FORMATS_H

/* ROW(recognises, read, title, suffix): the two functions are importers (model/importer.h), in a
 * folder of src/model/ of their own. No two recognise the same file. */
#define MODEL_FORMATS(ROW)                                                                         \
    ROW(onnx_recognises, onnx_read, "ONNX", ".onnx")                                               \
    ROW(torch_recognises, torch_read, "PyTorch", ".pt")                                            \
    ROW(darknet_recognises, darknet_read, "Darknet", ".cfg")

#endif
