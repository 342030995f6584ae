using UserTcp.Testing.Rules;

namespace UserTcp.Testing.Swarm;

/// <summary>Draws what goes wrong in a swarm run.</summary>
internal sealed class TroubleMaker(SeededRandom random, int hosts, TimeSpan healedAt)
{
    private const int Kinds = 16;
    private const int MaxTroubles = 6;

    private ulong _key;

    public List<Trouble> Draw()
    {
        var troubles = new List<Trouble>();
        for (int i = random.Chance(0.05) ? 0 : 1 + random.Next(MaxTroubles); i > 0; i--)
        {
            troubles.Add(DrawOne());
        }

        return troubles;
    }

    private Trouble DrawOne()
    {
        int host = random.Next(hosts);
        (TimeSpan from, TimeSpan to) = DrawTime();
        switch (random.Next(Kinds))
        {
            case 0:
                return new ClockTrouble(host, from, DrawJump());
            case 1:
                return new ListenerTrouble(host, from, to);
            default:
                (string text, Func<ILinkRule> make) = DrawRule();
                return new RuleTrouble(host, from, to, random.Chance(0.5), _key++, text, make);
        }
    }

    // Half of them last from the beginning to the end.
    private (TimeSpan From, TimeSpan To) DrawTime()
    {
        if (random.Chance(0.5))
            return (TimeSpan.Zero, healedAt);

        TimeSpan from = random.Next(TimeSpan.Zero, healedAt);
        return (from, random.Next(from, healedAt));
    }

    private TimeSpan DrawJump() => random.Next(TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(20));

    private (string Text, Func<ILinkRule> Make) DrawRule()
    {
        double probability = DrawProbability();
        TimeSpan time = random.Next(TimeSpan.FromMicroseconds(1), TimeSpan.FromMilliseconds(100));
        int n = 2 + random.Next(30);
        int mtu = (int)random.Next(600, 1499);
        bool keepsOrder = random.Chance(0.5);
        return random.Next(14) switch
        {
            0 or 1 => ($"{probability:P1} loss", () => new RandomLoss(probability)),
            2 => ($"bursts of loss, {probability:P1} begin", () => new BurstLoss(probability / 10, 0.2)),
            3 => ($"loss of every {n}th", () => new PeriodicLoss(n)),
            4 => ($"{probability:P1} loss of bare ACKs", () => new AckLoss(probability)),
            5 => ($"{probability:P1} loss of ARP", () => new ArpLoss(probability)),
            6 => ("a cut", () => new Cut()),
            7 => ($"a black hole above {mtu} bytes", () => new BlackHole(mtu)),
            8 => ($"jitter up to {time}, order kept: {keepsOrder}", () => new Jitter(TimeSpan.Zero, time, keepsOrder)),
            9 => ($"{probability:P1} held back up to {time}", () => new Reordering(probability, time)),
            10 => ($"{probability:P1} twice", () => new Duplication(probability)),
            11 => ($"{probability:P1} with a wrong bit", () => new Corruption(probability)),
            12 => ($"{probability:P1} cut short", () => new Truncation(probability)),
            _ => ($"bare ACKs released every {time}", () => new AckCompression(time)),
        };
    }

    private double DrawProbability() => random.Next(3) switch
    {
        0 => 0.01,
        1 => 0.02 + 0.1 * random.NextDouble(),
        _ => 0.5 * random.NextDouble(),
    };
}
