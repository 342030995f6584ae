namespace UserTcp.Architecture.Tests.Fixtures.Upper;

internal class Device
{
    public int Count { get; set; }

    public static int Total() => 0;
}

internal readonly record struct Frame(int Length);

internal sealed class DeviceException : Exception;

[AttributeUsage(AttributeTargets.Class)]
internal sealed class DeviceAttribute : Attribute;

internal interface IDevice;
