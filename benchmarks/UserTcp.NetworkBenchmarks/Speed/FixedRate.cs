using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using UserTcp.NetworkBenchmarks.Measuring;
using UserTcp.NetworkBenchmarks.Protocol;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>Requests at a fixed rate, from one thread that sleeps until the next is due or an answer comes.</summary>
internal static partial class FixedRate
{
    private const int Connections = 64;
    private const int BufferBytes = 4096;
    private const short PollIn = 1;
    private const int SetTimerSlack = 29;
    private const int Interrupted = 4;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    private static readonly byte[] s_request = "GET / HTTP/1.1\r\nHost: near\r\n\r\n"u8.ToArray();

    /// <summary>Makes all requests of an order; the 99th percentile and the median in microseconds.</summary>
    public static Outcome Run(IPEndPoint server, Order order)
    {
        SetProcess(SetTimerSlack, 1, 0, 0, 0); // sleeps are as long as asked for, not 50 µs longer
        Socket[] sockets = [.. Enumerable.Range(0, Connections).Select(_ => Connect(server))];
        try
        {
            // All answers are the same but for the date, which always has the same length.
            int[] answers = [.. sockets.Select(FirstAnswer)];
            var loop = new OpenLoop(order.Rate, order.Size, Connections);
            Run(loop, sockets, answers[0]);
            double[] times = [.. loop.Times.Select(seconds => seconds * 1e6).Order()];
            return new Outcome([times.Percentile(99), times.Percentile(50)]);
        }
        finally
        {
            Array.ForEach(sockets, socket => socket.Dispose());
        }
    }

    private static void Run(OpenLoop loop, Socket[] sockets, int answerBytes)
    {
        PollEntry[] entries =
        [
            .. sockets.Select(socket => new PollEntry { Descriptor = (int)socket.Handle, Events = PollIn }),
        ];
        int[] missing = new int[sockets.Length];
        byte[] buffer = new byte[BufferBytes];
        for (long start = Stopwatch.GetTimestamp(); !loop.IsOver;)
        {
            double now = Stopwatch.GetElapsedTime(start).TotalSeconds;
            for (int i = 0; i < sockets.Length; i++)
            {
                if (loop.DueOf(i) > now)
                    continue;

                sockets[i].Send(s_request);
                loop.OnSent(i);
                missing[i] = answerBytes;
            }

            Wait(entries, loop.NextDue - Stopwatch.GetElapsedTime(start).TotalSeconds);
            for (int i = 0; i < sockets.Length; i++)
            {
                if (entries[i].Result == 0)
                    continue;

                missing[i] -= Take(sockets[i], buffer, missing[i]);
                if (missing[i] == 0)
                    loop.OnAnswer(i, Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }
    }

    private static Socket Connect(IPEndPoint server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(server);
        return socket;
    }

    // The end of a body in chunks.
    private static int FirstAnswer(Socket socket)
    {
        socket.Send(s_request);
        byte[] buffer = new byte[BufferBytes];
        int length = 0;
        while (!buffer.AsSpan(0, length).EndsWith("\r\n0\r\n\r\n"u8))
        {
            length += Take(socket, buffer.AsSpan(length), BufferBytes - length);
        }

        return length;
    }

    private static int Take(Socket socket, Span<byte> buffer, int most)
    {
        int taken = socket.Receive(buffer);
        return taken > 0 && taken <= most
            ? taken
            : throw new InvalidDataException($"An answer has {taken} bytes more, and at most {most} are missing.");
    }

    private static void Wait(PollEntry[] entries, double seconds)
    {
        long nanoseconds = (long)(Math.Clamp(seconds, 0, s_patience.TotalSeconds) * 1e9);
        var time = new TimeSpec { Seconds = nanoseconds / 1_000_000_000, Nanoseconds = nanoseconds % 1_000_000_000 };
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i].Result = 0;
        }

        int ready = Poll(entries, (ulong)entries.Length, time, 0);
        if (ready < 0 && Marshal.GetLastPInvokeError() != Interrupted)
            throw new IOException($"ppoll: {Marshal.GetLastPInvokeErrorMessage()}");
        if (ready == 0 && seconds > s_patience.TotalSeconds)
            throw new IOException($"No answer came within {s_patience.TotalSeconds} s.");
    }

    [LibraryImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    private static partial int Poll([In, Out] PollEntry[] entries, ulong count, in TimeSpec time, nint signals);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int SetProcess(int option, nuint value, nuint unused3, nuint unused4, nuint unused5);

    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Result;
    }

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
