namespace UserTcp.Testing;

/// <summary>A path of the goodput matrix: one sender, one receiver, one narrow link between them.</summary>
/// <param name="Loss">The probability that a frame with data is lost, from 0 to 1.</param>
/// <param name="RoundTrip">The round trip without a queue; half of it each way.</param>
/// <param name="BitsPerSecond">The rate of the link, link headers counted.</param>
/// <param name="Reorders">Whether one frame in a hundred is held back, by up to a quarter of the round trip.</param>
public sealed record GoodputCell(double Loss, TimeSpan RoundTrip, long BitsPerSecond, bool Reorders)
{
    private const double Segment = 1448;
    private const double Frame = 1514;
    private const double MostLossOfFormula = 0.03;
    private static readonly TimeSpan s_leastTimeout = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// The expected upper bound, in bits of text per second: the link's rate without headers of full segments, and with
    /// loss of up to 3 % what Reno would reach (Padhye et al., "Modeling TCP Throughput", 1998, equation 30, one
    /// acknowledgment for each segment). Buffers are no bound, they are larger than twice what is under way.
    /// </summary>
    public double Bound
    {
        get
        {
            double rate = BitsPerSecond * Segment / Frame;
            return Loss is > 0 and <= MostLossOfFormula ? Math.Min(rate, Reno()) : rate;
        }
    }

    /// <summary>The cell as the table shows it.</summary>
    /// <returns>For instance <c>1%   100 ms  100 Mbit/s  in order</c>.</returns>
    public override string ToString() =>
        $"{Loss * 100,4:0.#} %  {RoundTrip.TotalMilliseconds,3} ms  {BitsPerSecond / 1_000_000,4} Mbit/s  "
        + (Reorders ? "reordered" : "in order ");

    private double Reno()
    {
        double timeout = Math.Max(s_leastTimeout.TotalSeconds, RoundTrip.TotalSeconds);
        double recovery = RoundTrip.TotalSeconds * Math.Sqrt(2 * Loss / 3);
        double waiting = timeout * Math.Min(1, 3 * Math.Sqrt(3 * Loss / 8)) * Loss * (1 + 32 * Loss * Loss);
        return Segment * 8 / (recovery + waiting);
    }
}
