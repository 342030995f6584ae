using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Measurements;

/// <summary>
/// How fast bytes go between the kernel and an application over our stack, against a kernel socket in the same process
/// on the same veth, CUBIC on both sides. Who receives looks at every byte. <c>USERTCP_LAB_MEASURE=1</c> carries 2 GB
/// five times each, in turns, and prints; otherwise a small transfer has to be complete. The processor time is that of
/// both ends.
/// </summary>
public sealed class WarmTransfers(ITestOutputHelper output)
{
    private const int Warmup = 64 << 20;
    private const byte Request = 1;
    private static readonly byte[] s_piece = new byte[1 << 18];

    private static bool IsMeasuring => Environment.GetEnvironmentVariable("USERTCP_LAB_MEASURE") == "1";

    [LabTheory]
    [InlineData("packet", true)]
    [InlineData("packet", false)]
    [InlineData("pcap", false)]
    public async Task Received_by_us_and_by_a_kernel_socket(string scheme, bool offloads)
    {
        using LabNetwork lab = LabNetwork.Create(offloads, scheme);
        await using KernelServer server = KernelServer.Start(lab.Peer, LabNetwork.PeerAddress, PushAsync);
        await using UserTcpStack pool = await lab.OpenStackAsync(50);
        await using UserTcpStack inline =
            await lab.OpenStackAsync(51, o => o.ApplicationScheduler = PipeScheduler.Inline);
        await CompareAsync(
            ("UserTcp, thread pool", bytes => DownloadAsync(pool, server.EndPoint, bytes)),
            ("UserTcp, inline", bytes => DownloadAsync(inline, server.EndPoint, bytes)),
            ("kernel", bytes => DownloadAsync(lab, server.EndPoint, bytes)));
        output.WriteLine($"{pool.GetStatistics()}");
    }

    [LabTheory]
    [InlineData("packet", true)]
    [InlineData("packet", false)]
    [InlineData("pcap", false)]
    public async Task Sent_by_us_and_by_a_kernel_socket(string scheme, bool offloads)
    {
        using LabNetwork lab = LabNetwork.Create(offloads, scheme);
        await using KernelServer server = KernelServer.Start(lab.Peer, LabNetwork.PeerAddress, TakeAsync);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        await CompareAsync(
            ("UserTcp", bytes => UploadAsync(stack, server.EndPoint, bytes)),
            ("kernel", bytes => UploadAsync(lab, server.EndPoint, bytes)));
        output.WriteLine($"{stack.GetStatistics()}");
    }

    private async Task CompareAsync(params (string Name, Func<long, Task<Sample>> Run)[] rows)
    {
        long bytes = IsMeasuring ? 2_000_000_000 : 16_000_000;
        List<Sample>[] samples = [.. rows.Select(_ => new List<Sample>())];
        for (int round = 0; round < (IsMeasuring ? 6 : 1); round++)
        {
            for (int row = 0; row < rows.Length; row++)
            {
                Sample sample = await rows[row].Run(bytes);
                if (round > 0 || !IsMeasuring) // in the first one code is still being compiled
                    samples[row].Add(sample);
            }
        }

        double kernel = Median(samples[^1], s => s.Gigabits);
        for (int row = 0; row < rows.Length; row++)
        {
            double ratio = Median(samples[row], s => s.Gigabits) / kernel;
            output.WriteLine($"{rows[row].Name,-22} {Describe(samples[row])}, {ratio:F2} × kernel");
        }
    }

    private static string Describe(List<Sample> samples) =>
        $"{Median(samples, s => s.Gigabits):F2} ({samples.Min(s => s.Gigabits):F2}–{samples.Max(s => s.Gigabits):F2}) "
        + $"Gbit/s, {Median(samples, s => s.ProcessorSeconds):F2} processor s/GB";

    private static double Median(List<Sample> samples, Func<Sample, double> of) =>
        samples.Select(of).Order().ElementAt(samples.Count / 2);

    /// <summary>Sends without end: the client takes what it wants and resets.</summary>
    private static async Task PushAsync(Socket socket, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
                await socket.SendAsync(s_piece, cancellationToken);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            // Enough.
        }
    }

    /// <summary>Takes so many bytes as the first eight say, answers with one, and then the same again.</summary>
    private static async Task TakeAsync(Socket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[1 << 18];
        byte[] length = new byte[sizeof(long)];
        try
        {
            while (await socket.ReceiveAsync(length, cancellationToken) == length.Length)
            {
                await TakeAsync(socket, buffer, BitConverter.ToInt64(length));
                await socket.SendAsync(new byte[] { Request }, cancellationToken);
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // Enough.
        }
    }

    private static async Task<Sample> DownloadAsync(UserTcpStack stack, IPEndPoint server, long bytes)
    {
        await using UserTcpConnection connection = await stack.ConnectAsync(server);
        await TakeAsync(connection.Input, Warmup);
        var start = Start.Now();
        await TakeAsync(connection.Input, bytes);
        Sample sample = start.Stop(bytes);
        connection.Abort();
        return sample;
    }

    private static async Task TakeAsync(PipeReader input, long bytes)
    {
        while (bytes > 0)
        {
            ReadResult read = await input.ReadAsync();
            foreach (ReadOnlyMemory<byte> piece in read.Buffer)
                Look(piece.Span);
            bytes -= read.Buffer.Length;
            input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                throw new InvalidDataException($"The connection ended {bytes:N0} bytes too early.");
        }
    }

    private static async Task<Sample> DownloadAsync(LabNetwork lab, IPEndPoint server, long bytes)
    {
        using Socket socket = KernelClient.Connect(lab.Host, server);
        byte[] buffer = new byte[1 << 18];
        await TakeAsync(socket, buffer, Warmup);
        var start = Start.Now();
        await TakeAsync(socket, buffer, bytes);
        Sample sample = start.Stop(bytes);
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        return sample;
    }

    private static async Task TakeAsync(Socket socket, byte[] buffer, long bytes)
    {
        while (bytes > 0)
        {
            int read = await socket.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, bytes)));
            Look(buffer.AsSpan(0, read));
            bytes -= read > 0 ? read : throw new InvalidDataException($"The FIN came {bytes:N0} bytes too early.");
        }
    }

    private static async Task<Sample> UploadAsync(UserTcpStack stack, IPEndPoint server, long bytes)
    {
        await using UserTcpConnection connection = await stack.ConnectAsync(server);
        await GiveAsync(connection, Warmup);
        var start = Start.Now();
        await GiveAsync(connection, bytes);
        Sample sample = start.Stop(bytes);
        connection.Abort();
        return sample;
    }

    private static async Task GiveAsync(UserTcpConnection connection, long bytes)
    {
        await connection.Output.WriteAsync(BitConverter.GetBytes(bytes));
        for (long left = bytes; left > 0; left -= s_piece.Length)
            await connection.Output.WriteAsync(s_piece.AsMemory(0, (int)Math.Min(left, s_piece.Length)));
        ReadResult answer = await connection.Input.ReadAsync();
        Assert.Equal(Request, answer.Buffer.FirstSpan[0]);
        connection.Input.AdvanceTo(answer.Buffer.End);
    }

    private static async Task<Sample> UploadAsync(LabNetwork lab, IPEndPoint server, long bytes)
    {
        using Socket socket = KernelClient.Connect(lab.Host, server);
        await GiveAsync(socket, Warmup);
        var start = Start.Now();
        await GiveAsync(socket, bytes);
        return start.Stop(bytes);
    }

    private static async Task GiveAsync(Socket socket, long bytes)
    {
        await socket.SendAsync(BitConverter.GetBytes(bytes));
        for (long left = bytes; left > 0; left -= s_piece.Length)
            await socket.SendAsync(s_piece.AsMemory(0, (int)Math.Min(left, s_piece.Length)));
        Assert.Equal(1, await socket.ReceiveAsync(new byte[1]));
    }

    // All bytes are zero.
    private static void Look(ReadOnlySpan<byte> bytes) => Assert.True(bytes.IndexOfAnyExcept((byte)0) < 0);

    private readonly record struct Sample(double Gigabits, double ProcessorSeconds);

    private readonly record struct Start(long Timestamp, TimeSpan Processor)
    {
        public static Start Now() => new(Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);

        public Sample Stop(long bytes) => new(
            bytes * 8 / Stopwatch.GetElapsedTime(Timestamp).TotalSeconds / 1e9,
            (Environment.CpuUsage.TotalTime - Processor).TotalSeconds * 1e9 / bytes);
    }
}
