using System.Net;
using Microsoft.Extensions.Time.Testing;
using UserTcp.Gateway;

namespace UserTcp.Tests.Gateway;

/// <summary>Who gets room, and who makes place.</summary>
public sealed class GatewayRoomTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void A_destination_may_have_as_many_attempts_as_it_leaves_free()
    {
        var room = new GatewayRoom(10, null, _clock);
        int[] entered = [.. Enumerable.Range(1, 5).Select(host => Enter(room, host, 20).Count)];

        Assert.Equal([5, 3, 1, 1, 0], entered);
        Assert.Equal(10, room.Count);
    }

    [Fact]
    public void A_connection_is_no_attempt_any_more()
    {
        var room = new GatewayRoom(10, 2, _clock);
        List<GatewayAttempt> attempts = Enter(room, 1, 3);
        Assert.Equal(2, attempts.Count);

        Assert.True(room.TryEndAttempt(attempts[0]));
        Assert.Single(Enter(room, 1, 3));
        room.Leave(attempts[0]);
        Assert.Equal(2, room.Count);
    }

    [Fact]
    public void The_oldest_attempt_gives_way_after_three_seconds_and_not_before()
    {
        var room = new GatewayRoom(2, null, _clock);
        bool isTold = false;
        GatewayAttempt old = new(Host(1), () => isTold = true);
        Assert.Equal(RoomVerdict.Entered, room.TryEnter(old, out _));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Single(Enter(room, 2, 1));
        _clock.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Equal(RoomVerdict.TooManyConnections, room.TryEnter(new(Host(3), Fail), out _));
        Assert.False(isTold);

        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(RoomVerdict.Entered, room.TryEnter(new(Host(3), Fail), out GatewayAttempt? displaced));
        Assert.Same(old, displaced);
        Assert.True(isTold);
        Assert.False(room.TryEndAttempt(old));
        room.Leave(old);
        Assert.Equal(2, room.Count);
    }

    /// <summary>
    /// Arrivals, connects and ends at random. Whatever a scan does: there are never more than allowed, a destination
    /// that nobody else asks for finds room while there is any, and waits three seconds at most where attempts hold it.
    /// </summary>
    [Fact]
    public void Whatever_comes_the_limits_hold_and_nobody_is_shut_out()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            int most = random.Next(1, 40);
            int? each = random.Next(2) == 0 ? random.Next(1, 20) : null;
            RunAtRandom(random, new GatewayRoom(most, each, _clock), most, each);
        }
    }

    private void RunAtRandom(Random random, GatewayRoom room, int most, int? each)
    {
        List<GatewayAttempt> under = [];
        List<GatewayAttempt> connected = [];
        int displaced = 0;
        for (int step = 0; step < 200; step++)
        {
            int free = most - room.Count;
            IPAddress host = Host(random.Next(3) == 0 ? random.Next(100) : 200);
            int rivals = under.Count(attempt => attempt.Destination.Equals(host));
            GatewayAttempt made = new(host, () => displaced++);
            RoomVerdict verdict = room.TryEnter(made, out GatewayAttempt? other);
            if (other is not null)
            {
                Assert.True(_clock.GetElapsedTime(other.Since) >= GatewayRoom.Patience);
                Assert.True(under.Remove(other));
                displaced--;
            }

            bool isOverEach = rivals > 0 && rivals >= (each ?? Math.Max(1, free));
            Assert.Equal(0, displaced);
            Assert.Equal(
                verdict, (isOverEach, free) switch
                {
                    _ when other is not null => RoomVerdict.Entered,
                    (true, _) => RoomVerdict.TooManyAttempts,
                    (_, 0) => RoomVerdict.TooManyConnections,
                    _ => RoomVerdict.Entered,
                });
            if (verdict == RoomVerdict.Entered)
                under.Add(made);
            else
                Assert.All(under.Take(isOverEach ? 0 : 1), attempt => Assert.True(IsYoung(attempt)));
            MoveOn(random, room, under, connected);
            Assert.Equal(under.Count + connected.Count, room.Count);
            Assert.InRange(room.Count, 0, most);
        }

        under.Concat(connected).ToList().ForEach(room.Leave);
        Assert.Equal(0, room.Count);
    }

    private void MoveOn(
        Random random, GatewayRoom room, List<GatewayAttempt> under, List<GatewayAttempt> connected)
    {
        _clock.Advance(TimeSpan.FromMilliseconds(random.Next(300)));
        if (random.Next(4) == 0 && under.Count > 0)
        {
            GatewayAttempt done = under[random.Next(under.Count)];
            under.Remove(done);
            Assert.True(room.TryEndAttempt(done));
            connected.Add(done);
        }

        if (random.Next(3) == 0 && connected.Count > 0)
        {
            GatewayAttempt over = connected[random.Next(connected.Count)];
            connected.Remove(over);
            room.Leave(over);
        }
    }

    private bool IsYoung(GatewayAttempt attempt) => _clock.GetElapsedTime(attempt.Since) < GatewayRoom.Patience;

    private static List<GatewayAttempt> Enter(GatewayRoom room, int host, int tries)
    {
        List<GatewayAttempt> entered = [];
        for (int i = 0; i < tries; i++)
        {
            GatewayAttempt attempt = new(Host(host), Fail);
            if (room.TryEnter(attempt, out _) == RoomVerdict.Entered)
                entered.Add(attempt);
        }

        return entered;
    }

    private static IPAddress Host(int number) => new([192, 0, 2, (byte)number]);

    private static void Fail() => Assert.Fail("It was displaced.");
}
