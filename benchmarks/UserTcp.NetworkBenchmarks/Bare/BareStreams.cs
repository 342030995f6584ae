using System.Diagnostics;
using UserTcp.NetworkBenchmarks.Measuring;
using UserTcp.NetworkBenchmarks.Protocol;

namespace UserTcp.NetworkBenchmarks.Bare;

/// <summary>The bare sender and the bare receiver: streams as fast as the link and the peer's kernel go.</summary>
internal static unsafe class BareStreams
{
    private const int FramesInARow = 16;

    // As many frames of all connections may be on their way: a link may have no room for more, and nothing sends again.
    private const int FramesInFlight = 512;
    private const int ReceiveWindow = 8 << 20;
    private const int LeastWindow = 256 << 10;

    /// <summary>Fills super-segments and sends them as fast as the peer's window allows.</summary>
    public static Outcome Send(BareLink link, int port, Order order)
    {
        BareFlow[] flows = link.Connect(port, order.Size);
        byte[] text = GC.AllocateArray<byte>(BareLink.MaxText, pinned: true);
        return Run(
            link, flows, order, flow => flow.AcknowledgedBytes, seconds => SendFor(seconds, link, flows, text));
    }

    /// <summary>Looks at every byte where the link put it, and acknowledges each batch.</summary>
    public static Outcome Receive(BareLink link, int port, Order order)
    {
        link.Window = Math.Max(LeastWindow, ReceiveWindow / order.Size);
        BareFlow[] flows = link.Connect(port, order.Size);
        return Run(link, flows, order, flow => flow.ReceivedBytes, seconds => ReceiveFor(seconds, link));
    }

    private static Outcome Run(
        BareLink link, BareFlow[] flows, Order order, Func<BareFlow, long> bytesOf, Action<double> workFor)
    {
        workFor(Settling.Of(order.Seconds));
        long before = flows.Sum(bytesOf);
        long start = Stopwatch.GetTimestamp();
        workFor(order.Seconds);
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        long after = flows.Sum(bytesOf);
        link.End(flows);
        return Outcome.OfTransfer(after - before, time, before);
    }

    private static void SendFor(double seconds, BareLink link, BareFlow[] flows, byte[] text)
    {
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < seconds;)
        {
            bool hasSent = false;
            foreach (BareFlow flow in flows)
            {
                hasSent |= SendSome(link, flow, text, FramesInFlight / flows.Length * BareLink.MaxText);
            }

            if (!hasSent)
                link.Await();
            link.Receive();
        }
    }

    private static bool SendSome(BareLink link, BareFlow flow, byte[] text, int most)
    {
        bool hasSent = false;
        fixed (byte* start = text)
        {
            for (int i = 0; i < FramesInARow; i++)
            {
                int room = flow.RoomOf(most);
                if (room < text.Length && !(flow.HasNothingInFlight && room > 0))
                    break;

                int length = Math.Min(room, text.Length);
                text.AsSpan(0, length).Fill((byte)flow.Next);
                if (!link.TrySend(flow, BareHeaders.Ack, start, length))
                    break;

                hasSent = true;
            }
        }

        return hasSent;
    }

    private static void ReceiveFor(double seconds, BareLink link)
    {
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < seconds;)
        {
            link.Await();
            link.Receive(Take);
        }
    }

    private static void Take(BareFlow flow, in BareSegment segment)
    {
        if (segment.Text.Length > 0 && flow.OnText(segment))
            Touch.Every(segment.Text);
    }
}
