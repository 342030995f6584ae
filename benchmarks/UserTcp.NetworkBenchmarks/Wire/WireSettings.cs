using System.Globalization;

namespace UserTcp.NetworkBenchmarks.Wire;

/// <summary>What a wire does in each direction.</summary>
/// <param name="Loss">The probability for each frame, from 0 to 1.</param>
/// <param name="Delay">One way, beside the time that the rate takes.</param>
/// <param name="BitsPerSecond">The rate.</param>
/// <param name="QueueBytes">What waits for the rate at most; more is dropped.</param>
/// <param name="Seed">Decides which frames are lost.</param>
internal sealed record WireSettings(double Loss, TimeSpan Delay, long BitsPerSecond, long QueueBytes, int Seed)
{
    private const char Separator = ' ';

    public string ToLine() => string.Create(CultureInfo.InvariantCulture,
        $"{Loss:R}{Separator}{Delay.Ticks}{Separator}{BitsPerSecond}{Separator}{QueueBytes}{Separator}{Seed}");

    public static WireSettings Parse(string line)
    {
        string[] words = line.Split(Separator);
        return new WireSettings(
            double.Parse(words[0], CultureInfo.InvariantCulture),
            new TimeSpan(long.Parse(words[1], CultureInfo.InvariantCulture)),
            long.Parse(words[2], CultureInfo.InvariantCulture),
            long.Parse(words[3], CultureInfo.InvariantCulture),
            int.Parse(words[4], CultureInfo.InvariantCulture));
    }
}
