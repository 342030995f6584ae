using Xunit.Sdk;
using Xunit.v3;

// These tests run whole stacks on the system's clock: one at a time, each has the machine's CPUs for itself.
[assembly: Parallelization(Mode = ParallelMode.None)]
