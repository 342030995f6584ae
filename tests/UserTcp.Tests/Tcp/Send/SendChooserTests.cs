using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Send;

/// <summary>A choice is a question: whoever asks it twice gets the same answer, and nothing has changed.</summary>
public sealed class SendChooserTests
{
    private const int Steps = 400;

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_sender")]
    private static extern ref Sender SenderOf(Tcb tcb);

    /// <summary>By seed: text, losses, SACK, shut windows, timeouts, probes of the path and of the tail.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void To_choose_changes_nothing(int seed)
    {
        var random = new Random(seed);
        TcbBench bench = TcbBench.SynSent(TcbBench.Defaults(sack: true, gso: 16_000) with { Pacing = false })
            .AfterMs(20)
            .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK><WND=65535><MSS=1000><SACKOK>")
            .Sends("<SEQ=101><ACK=1001><CTL=ACK>");
        Sender sender = SenderOf(bench.Tcb);
        int choices = 0, again = 0, probes = 0;
        for (int i = 0; i < Steps; i++)
        {
            Step(bench, sender, random);
            SendOffer offer = Offer(bench, sender, random);
            string before = State(sender);
            SendChoice choice = SendChooser.Choose(sender, offer, bench.Now);
            Assert.Equal(choice, SendChooser.Choose(sender, offer, bench.Now));
            Assert.Equal(before, State(sender));
            choices += choice.IsNone ? 0 : 1;
            again += choice.FlightIndex >= 0 && !choice.IsNone ? 1 : 0;
            probes += choice.IsTailProbe || choice.IsProbe || choice.PathProbe > 0 ? 1 : 0;
        }

        Assert.InRange(choices, Steps / 4, Steps);
        Assert.InRange(again, Steps / 20, Steps);
        Assert.InRange(probes, 1, Steps);
    }

    private static void Step(TcbBench bench, Sender sender, Random random)
    {
        uint una = sender.Una.Value, outstanding = (uint)(sender.Next - sender.Una);
        int window = random.Next(6) == 0 ? 0 : random.Next(1_000, 65_000);
        switch (random.Next(7))
        {
            case 0:
                bench.Writes(random.Next(1, 12_000));
                break;
            case 1:
                bench.Drain();
                break;
            case 2 when outstanding > 0:
                bench.Arrives($"<SEQ=1001><CTL=ACK><ACK={una + (uint)random.Next((int)outstanding + 1)}><WND={window}>");
                break;
            case 3 when outstanding > 2_000:
                uint left = una + 1_000 * (uint)random.Next(1, (int)(outstanding / 1_000));
                bench.Arrives($"<SEQ=1001><CTL=ACK><ACK={una}><WND={window}><SACK={left}-{left + 1_000}>");
                break;
            case 4 when bench.Tcb.NextDeadline is { IsNever: false }:
                bench.ToDeadline();
                break;
            default:
                bench.AfterMs(random.Next(1, 30));
                break;
        }
    }

    private static SendOffer Offer(TcbBench bench, Sender sender, Random random) => new()
    {
        DataEnd = sender.Next + (uint)bench.Report.BytesQueued,
        NoDelay = random.Next(2) == 0,
        MaxGsoBytes = 16_000,
        IsTailProbeDue = random.Next(3) == 0,
        Override = random.Next(4) == 0,
        IsWindowProbeDue = random.Next(4) == 0,
    };

    /// <summary>
    /// All fields of the sender and of its parts. The cost of looking is counted, and what is looked for is found faster
    /// the next time: these two may change.
    /// </summary>
    private static string State(object part)
    {
        var text = new StringBuilder();
        Append(text, part, 0);
        return text.ToString();
    }

    private static void Append(StringBuilder text, object? value, int depth)
    {
        if (value is Array array)
        {
            foreach (object? item in array)
                Append(text, item, depth);
            return;
        }

        if (value is null or Enum || value.GetType().Namespace != typeof(Sender).Namespace || depth > 5)
        {
            text.Append(value).Append(' ');
            return;
        }

        const BindingFlags all = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        foreach (FieldInfo field in value.GetType().GetFields(all))
        {
            if (field.FieldType != typeof(SeqHeap) && !field.Name.Contains("Looks", StringComparison.Ordinal))
                Append(text.Append(field.Name).Append('='), field.GetValue(value), depth + 1);
        }
    }
}
