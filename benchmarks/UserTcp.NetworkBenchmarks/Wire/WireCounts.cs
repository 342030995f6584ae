using System.Globalization;

namespace UserTcp.NetworkBenchmarks.Wire;

/// <summary>What happened on the wires since the last settings.</summary>
/// <param name="Frames">Frames that were carried or lost.</param>
/// <param name="Lost">By chance.</param>
/// <param name="Overflowed">For which the queue had no room.</param>
/// <param name="Broken">That a wire could not keep or hand over but should have: 0, or figures are void.</param>
/// <param name="MeanLate">How late frames were handed over, in microseconds.</param>
/// <param name="MostLate">The latest of them, in microseconds.</param>
internal readonly record struct WireCounts(
    long Frames, long Lost, long Overflowed, long Broken, double MeanLate, double MostLate)
{
    public string ToLine() => string.Create(CultureInfo.InvariantCulture,
        $"{Frames} {Lost} {Overflowed} {Broken} {MeanLate:F1} {MostLate:F1}");

    public static WireCounts Parse(string line)
    {
        double[] values = [.. line.Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
        return new WireCounts(
            (long)values[0], (long)values[1], (long)values[2], (long)values[3], values[4], values[5]);
    }
}
