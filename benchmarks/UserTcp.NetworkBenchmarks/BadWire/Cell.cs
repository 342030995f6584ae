using UserTcp.NetworkBenchmarks.Wire;

namespace UserTcp.NetworkBenchmarks.BadWire;

/// <summary>A path that is measured.</summary>
/// <param name="LossPercent">Of the frames in each direction.</param>
/// <param name="RttMilliseconds">Of an empty wire.</param>
internal sealed record Cell(double LossPercent, int RttMilliseconds)
{
    public const long BitsPerSecond = 100_000_000;
    private const long LeastQueueBytes = 128 << 10;

    public override string ToString() => $"loss {LossPercent} %, RTT {RttMilliseconds} ms";

    /// <summary>Transfers that go on at once, each on a wire of its own: few where they fill their wires.</summary>
    public int AtOnce(int wires) => LossPercent == 0 ? 2 : RttMilliseconds <= 10 ? Math.Min(wires, 6) : wires;

    /// <summary>The queue holds what the path holds.</summary>
    public WireSettings Settings(int seed)
    {
        long product = BitsPerSecond / 8 * RttMilliseconds / 1000;
        return new WireSettings(LossPercent / 100, TimeSpan.FromMilliseconds(RttMilliseconds / 2.0), BitsPerSecond,
            Math.Max(LeastQueueBytes, product), seed);
    }
}
