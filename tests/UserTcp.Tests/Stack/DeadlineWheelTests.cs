using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Tests.Stack;

public class DeadlineWheelTests
{
    private const long Tick = TimeSpan.TicksPerMillisecond;

    private sealed class Entry() : FlowEntry(default, 0);

    private static Instant Ms(double ms) => new((long)(ms * Tick));

    private static List<FlowEntry> Due(DeadlineWheel wheel, Instant now)
    {
        wheel.Advance(now);
        var due = new List<FlowEntry>();
        while (wheel.TryTakeDue(out FlowEntry entry))
        {
            due.Add(entry);
        }

        return due;
    }

    [Fact]
    public void Is_due_at_its_deadline_and_not_before()
    {
        var wheel = new DeadlineWheel(Ms(0));
        var entry = new Entry();
        wheel.Arm(entry, Ms(5.3));
        Assert.Equal(Ms(5.3), wheel.NextDeadline);
        Assert.Empty(Due(wheel, Ms(5.2)));
        Assert.Equal(Ms(5.3), wheel.NextDeadline);
        Assert.Equal([entry], Due(wheel, Ms(5.3)));
        Assert.Equal(Instant.Never, wheel.NextDeadline);
    }

    [Fact]
    public void An_empty_wheel_has_no_deadline()
    {
        var wheel = new DeadlineWheel(Ms(123));
        Assert.Equal(Instant.Never, wheel.NextDeadline);
        Assert.Empty(Due(wheel, Ms(1_000_000)));
    }

    /// <summary>On each level of the wheel, alone in its slot and not.</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(500)]
    [InlineData(50_000)]
    public void An_entry_that_went_away_leaves_no_deadline_behind(int milliseconds)
    {
        var wheel = new DeadlineWheel(Ms(0));
        Entry first = new(), second = new();
        wheel.Arm(first, Ms(milliseconds));
        wheel.Arm(second, Ms(milliseconds));
        wheel.Remove(first);
        wheel.Advance(Ms(1));
        Assert.False(wheel.NextDeadline.IsNever);
        wheel.Remove(second);
        wheel.Advance(Ms(2));
        Assert.Equal(Instant.Never, wheel.NextDeadline);
        Assert.Empty(Due(wheel, Ms(milliseconds)));
    }

    [Fact]
    public void Moving_a_deadline_later_is_lazy_and_still_exact()
    {
        var wheel = new DeadlineWheel(Ms(0));
        var entry = new Entry();
        for (int i = 0; i < 1000; i++)
        {
            wheel.Arm(entry, Ms(200 + i));
        }

        Assert.Empty(Due(wheel, Ms(1198.9)));
        Assert.Equal([entry], Due(wheel, Ms(1199)));
    }

    [Fact]
    public void Moving_a_deadline_earlier_takes_effect()
    {
        var wheel = new DeadlineWheel(Ms(0));
        var entry = new Entry();
        wheel.Arm(entry, Ms(60_000));
        wheel.Arm(entry, Ms(10));
        Assert.Equal(Ms(10), wheel.NextDeadline);
        Assert.Equal([entry], Due(wheel, Ms(10)));
        Assert.Empty(Due(wheel, Ms(120_000)));
    }

    [Fact]
    public void Never_stops_a_timer()
    {
        var wheel = new DeadlineWheel(Ms(0));
        var entry = new Entry();
        wheel.Arm(entry, Ms(10));
        wheel.Arm(entry, Instant.Never);
        Assert.Empty(Due(wheel, Ms(100)));
        Assert.Equal(Instant.Never, wheel.NextDeadline);
    }

    [Fact]
    public void A_removed_entry_is_never_due_even_when_it_was_collected()
    {
        var wheel = new DeadlineWheel(Ms(0));
        Entry first = new(), second = new();
        wheel.Arm(first, Ms(1));
        wheel.Arm(second, Ms(1));
        wheel.Advance(Ms(2));
        Assert.True(wheel.TryTakeDue(out FlowEntry taken));
        wheel.Remove(ReferenceEquals(taken, first) ? second : first);
        Assert.False(wheel.TryTakeDue(out _));
    }

    [Fact]
    public void A_deadline_in_the_past_is_due_at_once()
    {
        var wheel = new DeadlineWheel(Ms(1000));
        var entry = new Entry();
        wheel.Arm(entry, Ms(3));
        Assert.True(wheel.NextDeadline <= Ms(1000));
        Assert.Equal([entry], Due(wheel, Ms(1000)));
    }

    [Fact]
    public void A_jump_over_every_level_fires_all()
    {
        var wheel = new DeadlineWheel(Ms(17));
        var entries = new List<Entry>();
        for (long ms = 18; ms < 40_000_000_000; ms = ms * 3 + 1)
        {
            var entry = new Entry();
            wheel.Arm(entry, Ms(ms));
            entries.Add(entry);
        }

        Assert.Equal(entries.ToHashSet<FlowEntry>(), Due(wheel, Ms(50_000_000_000)).ToHashSet());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Sleeping_until_the_next_deadline_fires_each_timer_less_than_a_tick_late(int seed)
    {
        var random = new Random(seed);
        var now = new Instant(random.Next(100_000_000));
        var wheel = new DeadlineWheel(now);
        Entry[] entries = [.. Enumerable.Range(0, 300).Select(_ => new Entry())];
        int fired = 0;
        for (int step = 0; step < 20_000; step++)
        {
            Entry entry = entries[random.Next(entries.Length)];
            wheel.Arm(entry, now + TimeSpan.FromTicks((long)Math.Pow(10, random.NextDouble() * 10)));
            if (random.Next(4) != 0)
                continue;

            long? earliestTicks = entries.Where(e => !e.Deadline.IsNever).Min(e => (long?)e.Deadline.Ticks);
            Instant? earliest = earliestTicks is { } t ? new(t) : null;
            Assert.True(wheel.NextDeadline <= earliest + TimeSpan.FromMilliseconds(1));
            now = Instant.Max(now, wheel.NextDeadline);
            foreach (FlowEntry due in Due(wheel, now))
            {
                Assert.InRange((now - due.Deadline).Ticks, 0, Tick);
                due.Deadline = Instant.Never;
                fired++;
            }

            Assert.DoesNotContain(entries, e => e.Deadline <= now);
        }

        Assert.True(fired > 1000);
    }

    [Fact]
    public void Idle_connections_with_far_deadlines_wake_the_loop_seldom()
    {
        var wheel = new DeadlineWheel(Ms(0));
        for (int i = 0; i < 10_000; i++)
        {
            wheel.Arm(new Entry(), Ms(7_200_000 + i));
        }

        int wakeUps = 0;
        Instant now = Ms(0);
        while (now < Ms(7_200_000))
        {
            now = wheel.NextDeadline;
            Assert.Empty(Due(wheel, now <= Ms(7_199_999) ? now : Ms(7_199_999)));
            wakeUps++;
        }

        Assert.InRange(wakeUps, 1, 1000);
    }
}
