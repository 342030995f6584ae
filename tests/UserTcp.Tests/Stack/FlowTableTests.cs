using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Stack;

public class FlowTableTests
{
    private static readonly SipHash s_key = new(1, 2);

    private sealed class Entry(FlowKey flow, ulong hash) : FlowEntry(flow, hash);

    private static FlowKey Flow(int n) => new(
        HostAddress.FromV4(0x0a000001), 80, HostAddress.FromV4(0x0b000000 + (uint)(n / 60_000)),
        (ushort)(n % 60_000 + 1));

    private static Entry Make(int n) => new(Flow(n), s_key.Hash(Flow(n)));

    [Fact]
    public void Finds_each_of_two_hundred_thousand_flows_and_no_other()
    {
        const int count = 200_000;
        var table = new FlowTable<Entry>();
        var entries = new Entry[count];
        for (int i = 0; i < count; i++)
        {
            table.Add(entries[i] = Make(i));
        }

        Assert.Equal(count, table.Count);
        for (int i = 0; i < count; i++)
        {
            Assert.Same(entries[i], table.Find(Flow(i), s_key.Hash(Flow(i))));
        }

        Assert.Null(table.Find(Flow(count), s_key.Hash(Flow(count))));
    }

    [Fact]
    public void Grows_in_proportion_and_shrinks_again()
    {
        var table = new FlowTable<Entry>();
        int smallest = table.Capacity;
        Entry[] entries = [.. Enumerable.Range(0, 100_000).Select(Make)];
        foreach (Entry entry in entries)
        {
            table.Add(entry);
        }

        Assert.InRange(table.Capacity, 100_000 * 4 / 3, 100_000 * 4);
        foreach (Entry entry in entries)
        {
            Assert.True(table.Remove(entry));
        }

        Assert.Equal(0, table.Count);
        Assert.Equal(smallest, table.Capacity);
    }

    [Fact]
    public void Removal_closes_the_gap_for_entries_that_share_a_place()
    {
        // One hash for all: every entry probes from the same place, across the end of the array.
        const ulong hash = 62;
        var table = new FlowTable<Entry>();
        Entry[] entries = [.. Enumerable.Range(0, 20).Select(i => new Entry(Flow(i), hash))];
        foreach (Entry entry in entries)
        {
            table.Add(entry);
        }

        for (int removed = 0; removed < entries.Length; removed += 3)
        {
            Assert.True(table.Remove(entries[removed]));
            Assert.False(table.Remove(entries[removed]));
        }

        for (int i = 0; i < entries.Length; i++)
        {
            Entry? expected = i % 3 == 0 ? null : entries[i];
            Assert.Same(expected, table.Find(Flow(i), hash));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Agrees_with_a_dictionary_over_random_additions_and_removals(int seed)
    {
        var random = new Random(seed);
        var table = new FlowTable<Entry>();
        var model = new Dictionary<int, Entry>();
        for (int step = 0; step < 20_000; step++)
        {
            int n = random.Next(700);
            if (model.Remove(n, out Entry? old))
                Assert.True(table.Remove(old));
            else
                table.Add(model[n] = Make(n));
        }

        Assert.Equal(model.Count, table.Count);
        for (int n = 0; n < 700; n++)
        {
            Assert.Same(model.GetValueOrDefault(n), table.Find(Flow(n), s_key.Hash(Flow(n))));
        }

        var all = new List<Entry>();
        table.CopyTo(all);
        Assert.Equal(model.Values.ToHashSet(), all.ToHashSet());
    }

    [Fact]
    public void A_lookup_allocates_nothing()
    {
        var table = new FlowTable<Entry>();
        for (int i = 0; i < 1000; i++)
        {
            table.Add(Make(i));
        }

        bool isFound = true;
        FlowKey flow = Flow(500);
        Allocation.IsNone(() => isFound &= table.Find(flow, s_key.Hash(flow)) is not null);
        Assert.True(isFound);
    }
}
