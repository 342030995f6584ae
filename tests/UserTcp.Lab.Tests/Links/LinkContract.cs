using UserTcp.Links;
using static UserTcp.Lab.Tests.Links.LinkLab;

namespace UserTcp.Lab.Tests.Links;

/// <summary>What every link to an interface owes, whatever it is made of.</summary>
internal static class LinkContract
{
    private const byte Last = 99;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    /// <summary>A wake ends the wait before and during it, and harms nobody after the end.</summary>
    /// <param name="quiet">Nothing arrives on it. Disposed of here.</param>
    public static void WakeEndsTheWait(LinkDevice quiet)
    {
        quiet.Wake();
        Assert.True(quiet.Wait(Timeout.InfiniteTimeSpan));
        Assert.False(quiet.Wait(TimeSpan.Zero));
        Assert.False(quiet.Wait(TimeSpan.FromMilliseconds(2)));
        for (int i = 0; i < 2000; i++)
        {
            var waiter = Task.Factory.StartNew(() => quiet.Wait(s_patience), TaskCreationOptions.LongRunning);
            quiet.Wake(); // at any moment of the wait's beginning
            Assert.True(waiter.GetAwaiter().GetResult());
        }

        quiet.Dispose();
        quiet.Wake();
        quiet.Dispose();
        using var batch = new RxBatch();
        Assert.Throws<ObjectDisposedException>(() => quiet.Wait(TimeSpan.Zero));
        Assert.Throws<ObjectDisposedException>(() => quiet.Receive(batch));
        Assert.Throws<ObjectDisposedException>(() => quiet.Transmit([]));
    }

    /// <summary>A batch that was too small does not put the loop to sleep.</summary>
    public static void SmallBatchesGoOn(LinkDevice from, LinkDevice to)
    {
        Drain(to);
        Send(from, Frame(MacB, MacA, 1), Frame(MacB, MacA, 2));
        using var one = new RxBatch(1);
        for (byte mark = 1; mark <= 2;)
        {
            Assert.True(to.Wait(s_patience));
            one.Clear();
            Assert.Equal(1, to.Receive(one));
            mark += one[0].Bytes[14] == mark ? (byte)1 : (byte)0; // the system may have frames of its own
        }
    }

    /// <summary>Two links on one interface hear the peer, and not one another.</summary>
    /// <param name="lab">Where they are.</param>
    /// <param name="a">One of two on the near interface.</param>
    /// <param name="c">The other.</param>
    /// <param name="macOfC">Its address.</param>
    /// <param name="b">The peer.</param>
    public static void TwoHearThePeerOnly(LinkLab lab, LinkDevice a, LinkDevice c, MacAddress macOfC, LinkDevice b)
    {
        Send(a, Frame(macOfC, MacA, 1), Frame(MacAddress.Broadcast, MacA, 2));
        Send(b, Frame(MacAddress.Broadcast, MacB, Last));

        Assert.Equal([Last], lab.ReceiveUntil(c, Last).Select(f => f[14]));
        Assert.Equal([Last], lab.ReceiveUntil(a, Last).Select(f => f[14]));
    }
}
