/* Where a caller best puts a kernel's output. Advice, no contract: a kernel is right wherever its
 * buffers are. Used by tuner-agent when it times, by benchmarks and by the examples of kernels
 * deployed for machines with an OS.
 *
 * A load waits for a recent store whose address has the same low bits as its own, and lines of the
 * same low bits push each other out of the first cache. Pixels are often a power of two bytes
 * apart, so that an output which begins at the same low bits as the input meets it all the way: a
 * depthwise kernel was up to three times slower so.
 */
#ifndef TUNEFARM_PROTO_BUFFER_PLACEMENT_H_
#define TUNEFARM_PROTO_BUFFER_PLACEMENT_H_

/* The output best begins this much further than the first input, modulo the period. */
#define TUNEFARM_OUTPUT_DISTANCE_BYTES 256u
#define TUNEFARM_OUTPUT_PERIOD_BYTES 512u

#endif /* TUNEFARM_PROTO_BUFFER_PLACEMENT_H_ */
