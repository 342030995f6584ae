using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Stack;

public class TimeWaitTableTests
{
    private static readonly SipHash s_key = new(5, 6);
    private static readonly TimeSpan s_length = TimeSpan.FromSeconds(60);
    private static readonly Instant s_start = new(60 * TimeSpan.TicksPerDay); // milliseconds do not fit into 32 bits

    private static FlowKey Flow(int n) => new(
        HostAddress.FromV4(0x0a000001), (ushort)(n >> 16), HostAddress.FromV4(0x0a000002), (ushort)n);

    private static void Add(TimeWaitTable table, int n, Instant now) => table.Add(
        Flow(n), s_key.Hash(Flow(n)), new TimeWaitState(new SeqNumber((uint)n), new SeqNumber(7), true, 8, 9), now);

    private static void Expire(TimeWaitTable table, Instant now)
    {
        while (table.TryExpire(now, out FlowKey flow))
        {
            Assert.False(table.TryFind(flow, s_key.Hash(flow), out _));
        }
    }

    private static bool Has(TimeWaitTable table, int n)
    {
        bool found = table.TryFind(Flow(n), s_key.Hash(Flow(n)), out TimeWaitState state);
        Assert.True(!found || state.SendNext == new SeqNumber((uint)n));
        return found;
    }

    [Fact]
    public void An_entry_takes_64_bytes() => Assert.InRange(TimeWaitTable.EntryBytes, 1, 64);

    [Fact, Rfc("9293 §3.6.1", "MUST-13")]
    public void An_entry_lives_for_2MSL_and_not_a_moment_less()
    {
        var table = new TimeWaitTable(s_key, 100, s_length);
        Instant entered = s_start + TimeSpan.FromTicks(1234);
        Add(table, 1, entered);
        Expire(table, entered + s_length - TimeSpan.FromTicks(1));
        Assert.True(Has(table, 1));
        Assert.InRange((table.NextDeadline - entered - s_length).TotalMilliseconds, 0, 1);
        Expire(table, table.NextDeadline);
        Assert.False(Has(table, 1));
        Assert.Equal(Instant.Never, table.NextDeadline);
    }

    [Fact]
    public void A_retransmitted_FIN_begins_2MSL_anew()
    {
        var table = new TimeWaitTable(s_key, 100, s_length);
        Add(table, 1, s_start);
        Add(table, 2, s_start + TimeSpan.FromSeconds(1));
        table.Restart(Flow(1), s_key.Hash(Flow(1)), s_start + TimeSpan.FromSeconds(30));
        Expire(table, s_start + TimeSpan.FromSeconds(80));
        Assert.True(Has(table, 1));
        Assert.False(Has(table, 2));
        Expire(table, s_start + TimeSpan.FromSeconds(91));
        Assert.Equal(0, table.Count);
    }

    [Fact]
    public void The_oldest_makes_room()
    {
        var table = new TimeWaitTable(s_key, 65_536, s_length);
        for (int i = 0; i < 65_536 + 1000; i++)
        {
            Add(table, i, s_start);
        }

        Assert.Equal(65_536, table.Count);
        Assert.Equal(1000, table.Evicted);
        Assert.False(Has(table, 999));
        Assert.True(Has(table, 1000));
        Assert.True(Has(table, 66_535));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Agrees_with_a_simple_model(int seed)
    {
        var random = new Random(seed);
        var table = new TimeWaitTable(s_key, 50, TimeSpan.FromMilliseconds(500));
        var model = new List<(int N, Instant End)>();
        Instant now = s_start;
        for (int step = 0; step < 20_000; step++)
        {
            now += TimeSpan.FromMilliseconds(random.Next(20));
            Expire(table, now);
            model.RemoveAll(e => e.End <= now);
            int n = random.Next(100);
            int at = model.FindIndex(e => e.N == n);
            var end = new Instant((now.Milliseconds + 501) * TimeSpan.TicksPerMillisecond);
            if (at < 0)
            {
                Add(table, n, now);
                if (model.Count == 50)
                    model.RemoveAt(0);
                model.Add((n, end));
            }
            else if (random.Next(2) == 0)
            {
                table.Restart(Flow(n), s_key.Hash(Flow(n)), now);
                model.RemoveAt(at);
                model.Add((n, end));
            }
            else
            {
                table.Take(Flow(n), s_key.Hash(Flow(n)));
                model.RemoveAt(at);
            }

            Assert.Equal(model.Count, table.Count);
        }

        for (int n = 0; n < 100; n++)
        {
            Assert.Equal(model.Exists(e => e.N == n), Has(table, n));
        }

        Assert.Equal(model.Count == 0 ? Instant.Never : model[0].End, table.NextDeadline);
    }
}
