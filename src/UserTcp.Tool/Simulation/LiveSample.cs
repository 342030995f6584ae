namespace UserTcp.Tool.Simulation;

/// <summary>The sender and the link at one moment.</summary>
/// <param name="Time">Virtual, since the beginning.</param>
/// <param name="Info">What the sender knows.</param>
/// <param name="Delivered">Octets that the receiver has read.</param>
/// <param name="BitsPerSecond">The same, since the sample before.</param>
/// <param name="Lost">Frames that the link lost.</param>
/// <param name="Overflowed">Frames that its queue had no room for.</param>
internal sealed record LiveSample(
    TimeSpan Time, UserTcpConnectionInfo Info, long Delivered, double BitsPerSecond, long Lost, long Overflowed);
