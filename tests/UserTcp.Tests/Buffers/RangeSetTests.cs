using FsCheck;
using FsCheck.Xunit;
using UserTcp.Buffers;

namespace UserTcp.Tests.Buffers;

public sealed class RangeSetTests
{
    private const int Universe = 120;

    [Fact]
    public void Ranges_that_touch_become_one()
    {
        var set = new RangeSet(8);
        set.Add(10, 20, out _);
        set.Add(30, 40, out _);

        Assert.True(set.Add(20, 30, out BufferRange merged));
        Assert.Equal(new BufferRange(10, 40), merged);
        Assert.Equal([merged], set.Ranges.ToArray());
    }

    [Fact]
    public void A_full_set_refuses_a_new_range_and_takes_one_that_touches()
    {
        var set = new RangeSet(2);
        set.Add(10, 20, out _);
        set.Add(30, 40, out _);

        Assert.False(set.CanAdd(50, 60));
        Assert.False(set.Add(50, 60, out _));
        Assert.True(set.CanAdd(40, 60));
        Assert.True(set.Add(40, 60, out _));
        Assert.Equal("[10, 20) [30, 60)", set.ToString());
    }

    [Fact]
    public void An_empty_range_changes_nothing()
    {
        var set = new RangeSet(2);

        Assert.True(set.Add(5, 5, out BufferRange merged));
        Assert.True(merged.IsEmpty);
        Assert.Equal(0, set.Count);
    }

    [Fact]
    public void Removing_below_cuts_the_range_it_falls_into()
    {
        var set = new RangeSet(4);
        set.Add(10, 20, out _);
        set.Add(30, 40, out _);
        set.RemoveBelow(35);

        Assert.Equal([new BufferRange(35, 40)], set.Ranges.ToArray());
        Assert.Equal(40, set.HighestEnd);
    }

    [Property(MaxTest = 500)]
    public void It_holds_what_a_plain_set_of_positions_holds(DoNotSize<uint>[] script)
    {
        var set = new RangeSet(6);
        var model = new HashSet<long>();
        foreach (uint step in script.Select(item => item.Item))
        {
            long start = step % Universe;
            if (step % 7 == 0)
            {
                set.RemoveBelow(start);
                model.RemoveWhere(position => position < start);
            }
            else
            {
                Add(ref set, model, start, start + (step / Universe % 12));
            }

            Check(ref set, model);
        }
    }

    private static void Add(ref RangeSet set, HashSet<long> model, long start, long end)
    {
        bool expected = set.CanAdd(start, end);
        bool added = set.Add(start, end, out BufferRange merged);
        Assert.Equal(expected, added);
        if (!added)
        {
            Assert.Equal(set.MaximumCount, set.Count);
            for (long position = start - 1; position <= end; position++)
                Assert.DoesNotContain(position, model);
            return;
        }

        for (long position = start; position < end; position++)
            model.Add(position);
        if (start < end)
            Assert.Contains(merged, set.Ranges.ToArray());
    }

    private static void Check(ref RangeSet set, HashSet<long> model)
    {
        for (long position = -1; position < Universe + 12; position++)
            Assert.Equal(model.Contains(position), set.Contains(position));
        for (int i = 0; i < set.Count; i++)
        {
            Assert.False(set[i].IsEmpty);
            Assert.True(i == 0 || set[i - 1].End < set[i].Start);
        }

        Assert.Equal(model.Count, set.Ranges.ToArray().Sum(range => range.Length));
        Assert.Equal(model.Count == 0 ? 0 : model.Max() + 1, set.HighestEnd);
    }
}
