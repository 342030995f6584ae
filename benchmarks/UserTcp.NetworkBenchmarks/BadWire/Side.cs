namespace UserTcp.NetworkBenchmarks.BadWire;

/// <summary>Who sends and who receives.</summary>
internal enum Side
{
    /// <summary>The kernel to the kernel.</summary>
    Kernel,

    /// <summary>UserTcp to the kernel.</summary>
    Sending,

    /// <summary>The kernel to UserTcp.</summary>
    Receiving,
}
