using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using Xunit.Abstractions;

namespace UserTcp.Lab.Tests.Measurements;

/// <summary>
/// How fast bytes of the kernel reach an application over the pcap link, against a kernel socket in the same process on
/// the same veth: offloads off, CUBIC. <c>USERTCP_LAB_MEASURE=1</c> downloads 1 GB five times each, in turns, and
/// prints; otherwise a small download has to be complete. The processor time is that of both ends.
/// </summary>
public sealed class WarmDownload(ITestOutputHelper output)
{
    private const int Warmup = 64 << 20;
    private static readonly byte[] s_piece = new byte[1 << 18];

    private static bool IsMeasuring => Environment.GetEnvironmentVariable("USERTCP_LAB_MEASURE") == "1";

    [LabFact]
    public async Task A_gigabyte_over_pcap_against_a_gigabyte_over_a_kernel_socket()
    {
        long bytes = IsMeasuring ? 1_000_000_000 : 16_000_000;
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        await using KernelServer server = KernelServer.Start(lab.Peer, LabNetwork.PeerAddress, PushAsync);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        List<Sample> ours = [];
        List<Sample> kernels = [];
        for (int i = 0; i < (IsMeasuring ? 5 : 1); i++)
        {
            ours.Add(await ByUserTcpAsync(stack, server.EndPoint, bytes));
            kernels.Add(await ByKernelAsync(lab, server.EndPoint, bytes));
        }

        Print(ours, kernels);
        output.WriteLine($"{stack.GetStatistics()}");
    }

    private void Print(List<Sample> ours, List<Sample> kernels)
    {
        output.WriteLine($"UserTcp {Describe(ours)}");
        output.WriteLine($"kernel  {Describe(kernels)}");
        double ratio = Median(ours, s => s.Gigabits) / Median(kernels, s => s.Gigabits);
        output.WriteLine($"Ratio of the medians: {ratio:F2}.");
    }

    private static string Describe(List<Sample> samples) =>
        $"{Median(samples, s => s.Gigabits):F2} ({samples.Min(s => s.Gigabits):F2}–{samples.Max(s => s.Gigabits):F2}) "
        + $"Gbit/s, {Median(samples, s => s.ProcessorSeconds):F2} processor s/GB";

    private static double Median(List<Sample> samples, Func<Sample, double> of) =>
        samples.Select(of).Order().ElementAt(samples.Count / 2);

    /// <summary>Without end: the client takes what it wants and resets.</summary>
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

    private static async Task<Sample> ByUserTcpAsync(UserTcpStack stack, IPEndPoint server, long bytes)
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
            bytes -= read.Buffer.Length;
            input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                throw new InvalidDataException($"The connection ended {bytes:N0} bytes too early.");
        }
    }

    private static async Task<Sample> ByKernelAsync(LabNetwork lab, IPEndPoint server, long bytes)
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
            bytes -= await socket.ReceiveAsync(buffer);
    }

    private readonly record struct Sample(double Gigabits, double ProcessorSeconds);

    private readonly record struct Start(long Timestamp, TimeSpan Processor)
    {
        public static Start Now() => new(Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);

        public Sample Stop(long bytes) => new(
            bytes * 8 / Stopwatch.GetElapsedTime(Timestamp).TotalSeconds / 1e9,
            (Environment.CpuUsage.TotalTime - Processor).TotalSeconds * 1e9 / bytes);
    }
}
