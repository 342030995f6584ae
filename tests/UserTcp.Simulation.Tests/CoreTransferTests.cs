using System.Security.Cryptography;
using UserTcp.Testing;
using UserTcp.Testing.Network;
using UserTcp.Testing.Rules;

namespace UserTcp.Simulation.Tests;

/// <summary>Stacks without tasks over a bad network.</summary>
public sealed class CoreTransferTests
{
    [Fact]
    public void The_same_seed_gives_the_same_bytes_at_the_same_times()
    {
        Assert.Equal(Trace(seed: 3), Trace(seed: 3));
        Assert.NotEqual(Trace(seed: 3), Trace(seed: 4));
    }

    [Fact]
    public void A_transfer_takes_what_the_link_takes()
    {
        var link = new SimulatedLinkOptions
        {
            BitsPerSecond = 10_000_000, Delay = TimeSpan.FromMilliseconds(10), QueueBytes = 1 << 20,
        };
        using var transfer = new Transfer(5_000_000, link: link);
        double seconds = transfer.RunToEnd().TotalSeconds;

        // 1,448 bytes of text in frames of 1,514, a handshake and the last acknowledgement.
        Assert.InRange(seconds, 5_000_000 * 8 / 10e6 * 1514 / 1448, 4.5);
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.1)]
    [InlineData(0.2)]
    public void Every_byte_arrives_whatever_is_lost(double loss)
    {
        using var transfer = new Transfer(200_000, link: new() { Delay = TimeSpan.FromMilliseconds(5) });
        transfer.Client.Link.Add(new RandomLoss(loss));
        transfer.RunToEnd(seconds: 3600);
    }

    [Fact]
    public void Nothing_is_left_when_all_is_done()
    {
        using var transfer = new Transfer(100_000);
        transfer.RunToEnd();
        transfer.Network.RunFor(TimeSpan.FromMinutes(10));

        foreach (CoreHost host in new[] { transfer.Client, transfer.Server })
        {
            Assert.Equal(0, host.Core.ConnectionCount);
            Assert.Equal(0, host.Core.TimeWaitCount);
            Assert.Equal(0, host.Core.Config.Chunks.BytesOut);
        }
    }

    [Fact]
    public void A_clock_that_jumps_delays_nothing_and_breaks_nothing()
    {
        using var transfer = new Transfer(
            2_000_000, link: new() { BitsPerSecond = 10_000_000, Delay = TimeSpan.FromMilliseconds(10) });
        transfer.Network.Schedule(
            TimeSpan.FromMilliseconds(500), () => transfer.Client.JumpClock(TimeSpan.FromHours(3)));
        transfer.RunToEnd(seconds: 30);
    }

    private static string Trace(ulong seed)
    {
        using var file = new MemoryStream();
        using var transfer = new Transfer(100_000, seed, new() { Delay = TimeSpan.FromMilliseconds(5) });
        transfer.Client.Link.CaptureTo(file);
        transfer.Client.Link.Add(new RandomLoss(0.05));
        transfer.Client.Link.Add(new Reordering(0.05, TimeSpan.FromMilliseconds(3)));
        transfer.RunToEnd();
        transfer.Network.Dispose();
        return Convert.ToHexString(SHA256.HashData(file.ToArray()));
    }
}
