import * as $protobuf from "protobufjs";

export namespace fengsui {

    enum Lane {
        LANE_UNKNOWN = 0,
        ALARM = 1,
        ORDINARY = 2
    }

    interface IRow extends fengsui.Row.$Properties {
    }

    class Row {
        constructor(properties?: fengsui.Row.$Properties);
        $unknowns?: Uint8Array[];
        number: number;
        order: number;
        frame: Uint8Array;
        boot: number;
        monotonicMs: number;
        wallMs: number;
        clockSynchronised: boolean;
        static encode(message: fengsui.Row.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): fengsui.Row & fengsui.Row.$Shape;
    }

    namespace Row {
        interface $Properties {
            number?: (number|null);
            order?: (number|null);
            frame?: (Uint8Array|null);
            boot?: (number|null);
            monotonicMs?: (number|null);
            wallMs?: (number|null);
            clockSynchronised?: (boolean|null);
            $unknowns?: Uint8Array[];
        }
        type $Shape = fengsui.Row.$Properties;
    }

    interface IBatch extends fengsui.Batch.$Properties {
    }

    class Batch {
        constructor(properties?: fengsui.Batch.$Properties);
        $unknowns?: Uint8Array[];
        gateway: string;
        epoch: number;
        lane: fengsui.Lane;
        profile: string;
        rows: fengsui.Row.$Properties[];
        static encode(message: fengsui.Batch.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): fengsui.Batch & fengsui.Batch.$Shape;
    }

    namespace Batch {
        interface $Properties {
            gateway?: (string|null);
            epoch?: (number|null);
            lane?: (fengsui.Lane|null);
            profile?: (string|null);
            rows?: (fengsui.Row.$Properties[]|null);
            $unknowns?: Uint8Array[];
        }
        type $Shape = fengsui.Batch.$Properties;
    }

    interface IRejected extends fengsui.Rejected.$Properties {
    }

    class Rejected {
        constructor(properties?: fengsui.Rejected.$Properties);
        $unknowns?: Uint8Array[];
        number: number;
        reason: string;
        static encode(message: fengsui.Rejected.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): fengsui.Rejected & fengsui.Rejected.$Shape;
    }

    namespace Rejected {
        interface $Properties {
            number?: (number|null);
            reason?: (string|null);
            $unknowns?: Uint8Array[];
        }
        type $Shape = fengsui.Rejected.$Properties;
    }

    interface IReceipt extends fengsui.Receipt.$Properties {
    }

    class Receipt {
        constructor(properties?: fengsui.Receipt.$Properties);
        $unknowns?: Uint8Array[];
        gateway: string;
        epoch: number;
        lane: fengsui.Lane;
        accepted: number[];
        rejected: fengsui.Rejected.$Properties[];
        static encode(message: fengsui.Receipt.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): fengsui.Receipt & fengsui.Receipt.$Shape;
    }

    namespace Receipt {
        interface $Properties {
            gateway?: (string|null);
            epoch?: (number|null);
            lane?: (fengsui.Lane|null);
            accepted?: (number[]|null);
            rejected?: (fengsui.Rejected.$Properties[]|null);
            $unknowns?: Uint8Array[];
        }
        type $Shape = fengsui.Receipt.$Properties;
    }

    interface IHolding extends fengsui.Holding.$Properties {
    }

    class Holding {
        constructor(properties?: fengsui.Holding.$Properties);
        $unknowns?: Uint8Array[];
        epoch: number;
        lane: fengsui.Lane;
        highest: number;
        static encode(message: fengsui.Holding.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): fengsui.Holding & fengsui.Holding.$Shape;
    }

    namespace Holding {
        interface $Properties {
            epoch?: (number|null);
            lane?: (fengsui.Lane|null);
            highest?: (number|null);
            $unknowns?: Uint8Array[];
        }
        type $Shape = fengsui.Holding.$Properties;
    }

    interface IHoldings extends fengsui.Holdings.$Properties {
    }

    class Holdings {
        constructor(properties?: fengsui.Holdings.$Properties);
        $unknowns?: Uint8Array[];
        gateway: string;
        series: fengsui.Holding.$Properties[];
        rivalMs: number;
        static encode(message: fengsui.Holdings.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): fengsui.Holdings & fengsui.Holdings.$Shape;
    }

    namespace Holdings {
        interface $Properties {
            gateway?: (string|null);
            series?: (fengsui.Holding.$Properties[]|null);
            rivalMs?: (number|null);
            $unknowns?: Uint8Array[];
        }
        type $Shape = fengsui.Holdings.$Properties;
    }

    interface IOrder extends fengsui.Order.$Properties {
    }

    class Order {
        constructor(properties?: fengsui.Order.$Properties);
        $unknowns?: Uint8Array[];
        gateway: string;
        id: string;
        kind: string;
        parameters: string;
        issuedMs: number;
        expiresMs: number;
        sentMs: number;
        static encode(message: fengsui.Order.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): fengsui.Order & fengsui.Order.$Shape;
    }

    namespace Order {
        interface $Properties {
            gateway?: (string|null);
            id?: (string|null);
            kind?: (string|null);
            parameters?: (string|null);
            issuedMs?: (number|null);
            expiresMs?: (number|null);
            sentMs?: (number|null);
            $unknowns?: Uint8Array[];
        }
        type $Shape = fengsui.Order.$Properties;
    }

    enum OrderState {
        ORDER_STATE_UNKNOWN = 0,
        DELIVERED = 1,
        DONE = 2,
        REFUSED = 3,
        EXPIRED = 4,
        UNANSWERED = 5
    }

    interface IOrderReceipt extends fengsui.OrderReceipt.$Properties {
    }

    class OrderReceipt {
        constructor(properties?: fengsui.OrderReceipt.$Properties);
        $unknowns?: Uint8Array[];
        gateway: string;
        id: string;
        state: fengsui.OrderState;
        atMs: number;
        result: string;
        static encode(message: fengsui.OrderReceipt.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
        static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): fengsui.OrderReceipt & fengsui.OrderReceipt.$Shape;
    }

    namespace OrderReceipt {
        interface $Properties {
            gateway?: (string|null);
            id?: (string|null);
            state?: (fengsui.OrderState|null);
            atMs?: (number|null);
            result?: (string|null);
            $unknowns?: Uint8Array[];
        }
        type $Shape = fengsui.OrderReceipt.$Properties;
    }
}
